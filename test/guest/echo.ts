// A module for fork: sends back the first message, with what it sees of itself.
process.once('message', (message) => {
  const { argv, execArgv, env } = process
  const channel = Object.keys(env).filter((name) => name.startsWith('NODE_CHANNEL'))
  process.send?.({ message, argv: argv.slice(2), execArgv, channel }, () => process.disconnect())
})
