// Posts each denial to a webhook.
//
//   node watcher.js URL [PROFILE]
import { explain, follow } from 'apparmor/audit'

const [, , url, profile] = process.argv
const records = follow({ event: ['denied', 'killed'], ...(profile && { profile }) })
for await (const record of records) {
  const text =
    record.event === 'lost'
      ? `records were lost: ${record.reason}`
      : explain(record).text.split('\n')[0]
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  }).catch((error) => console.error(error.message)) // the webhook is away: go on watching
}
