// Labels of this node, by the API server and with the pod's own account.
import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'

const ACCOUNT = process.env.SERVICE_ACCOUNT_DIR ?? '/var/run/secrets/kubernetes.io/serviceaccount'
const SLOWEST = 60_000

/** What the API server was told last: it is asked only when something changes. */
let told = ''

/**
 * Tries until it is done, ever more slowly.
 *
 * @param {string} node
 * @param {Readonly<Record<string, string>>} labels
 * @param {AbortSignal} signal
 */
export async function labelNode(node, labels, signal) {
  const body = JSON.stringify({ metadata: { labels } })
  if (body === told) return
  for (let delay = 1000; !signal.aborted; delay = Math.min(delay * 2, SLOWEST)) {
    try {
      await patch(`/api/v1/nodes/${encodeURIComponent(node)}`, body)
      told = body
      return
    } catch (error) {
      console.error(`cannot label node ${node}: ${error.message}`)
      await sleep(delay, undefined, { signal }).catch(() => {})
    }
  }
}

/**
 * @param {string} path
 * @param {string} body
 */
async function patch(path, body) {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
  // The token changes while the pod runs.
  const [token, ca] = await Promise.all([
    readFile(`${ACCOUNT}/token`, 'utf8'),
    readFile(`${ACCOUNT}/ca.crt`),
  ])
  const headers = {
    Authorization: `Bearer ${token.trim()}`,
    'Content-Type': 'application/merge-patch+json',
  }
  const options = { host, port, path, method: 'PATCH', headers, ca, timeout: 10_000 }
  await new Promise((resolve, reject) => {
    const call = request(options, (response) => {
      response.resume()
      const { statusCode = 0 } = response
      if (statusCode < 300) response.once('end', resolve)
      else reject(new Error(`the API server answers ${statusCode}`))
    })
    call.once('timeout', () => call.destroy(new Error('the API server does not answer')))
    call.once('error', reject).end(body)
  })
}
