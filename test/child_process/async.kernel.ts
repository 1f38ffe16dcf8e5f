// Runs as root under a kernel that enforces AppArmor.
import * as functions from 'apparmor/child_process'
import t from 'tap'
import { compare } from '../support/parity.ts'

t.setTimeout(170_000)
compare(t, functions, /^(spawn|exec|execFile)\b/)
