/**
 * Gives the properties of fast-check a fixed seed, so that what fails once fails again. APPARMOR_SEED is another one.
 *
 * A test file imports this for its effect.
 */
import fc from 'fast-check'
import t from 'tap'

const seed = Number(process.env.APPARMOR_SEED ?? 1)
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })
t.comment(`APPARMOR_SEED=${seed}`)
