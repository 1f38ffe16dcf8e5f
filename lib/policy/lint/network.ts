import { ofKind, type Finding, type Lint, type Subject } from './finding.ts'
import { hasAddress, mediatesAddresses } from '../supports/mediation.ts'

export const addressDropped: Lint<'network-address-dropped'> = {
  code: 'network-address-dropped',
  severity: 'error',
  dangerous: true,
  *find(subject: Subject): Iterable<Finding> {
    const { environment } = subject
    if (
      environment.isOlder('4.0.0') ||
      !environment.knowsFeatures ||
      mediatesAddresses(environment)
    )
      return
    for (const site of ofKind(subject, 'network')) {
      if (!hasAddress(site.rule)) continue
      const denies = site.rule.access === 'deny'
      yield {
        site,
        message: denies
          ? 'this rule denies every address: the kernel does not mediate addresses, so apparmor_parser drops the conditions'
          : 'this rule permits every address: the kernel does not mediate addresses, so apparmor_parser drops the conditions',
        dangerous: !denies,
      }
    }
  },
}
