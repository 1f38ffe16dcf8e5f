// Each Worker enters the hat of the tenant whose request it works on, and leaves it afterwards.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { changeProfile, withHat } from 'apparmor'

function read(file) {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    return error.code
  }
}

if (isMainThread) {
  changeProfile('tenants')
  const worker = new Worker(new URL(import.meta.url))
  for (const request of [
    { tenant: 'red', file: '/srv/tenants/red' },
    { tenant: 'red', file: '/srv/tenants/blue' },
    { tenant: 'blue', file: '/srv/tenants/blue' },
  ]) {
    worker.postMessage(request)
    const [answer] = await once(worker, 'message')
    console.log(request.tenant, request.file, answer)
  }
  await worker.terminate()
} else {
  parentPort.on('message', ({ tenant, file }) => {
    parentPort.postMessage(withHat(tenant, () => read(file)))
  })
}
