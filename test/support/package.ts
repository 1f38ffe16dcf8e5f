// The package that the tests test, for programs that are written on a command line: those would find the one
// of the directory that they run in, and where an installed package is tested, that is another.
export const PACKAGE = JSON.stringify(import.meta.resolve('apparmor'))
export const CHILD_PROCESS = JSON.stringify(import.meta.resolve('apparmor/child_process'))
export const AUDIT = JSON.stringify(import.meta.resolve('apparmor/audit'))
