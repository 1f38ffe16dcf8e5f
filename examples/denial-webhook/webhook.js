// Stands for the webhook: prints the first message that it gets, and ends.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

const server = createServer(async (request, response) => {
  console.log((await json(request)).text)
  response.end()
  server.close()
  server.closeAllConnections()
}).listen(8099)
