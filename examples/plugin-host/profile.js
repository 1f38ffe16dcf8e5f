// Loads the profile of the plug-ins.
import { load, nodeDefault } from 'apparmor/policy'

await load(
  nodeDefault({ name: 'plugin', node: process.execPath, read: [`${import.meta.dirname}/`] }),
)
