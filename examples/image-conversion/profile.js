// Loads the profile of the converter: what Node needs, the converter's own source, uploads in, results out.
import { load, nodeDefault } from 'apparmor/policy'

await load(
  nodeDefault({
    name: 'gray',
    node: process.execPath,
    read: [`${import.meta.dirname}/`],
    write: ['/tmp/image-conversion/'],
  }),
)
