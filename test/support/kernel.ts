import { release } from 'node:os'

const [major = 0, minor = 0] = release().split('.').map(Number)

/** The system calls lsm_get_self_attr and lsm_set_self_attr, which need no /proc: Linux 6.8. */
export const hasSelfAttr: boolean = major > 6 || (major === 6 && minor >= 8)
