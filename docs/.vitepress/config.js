import { existsSync, readFileSync } from 'node:fs'

const reference = new URL('../../build/site/reference/typedoc-sidebar.json', import.meta.url)
const page = (text, name) => ({ text, link: `/docs/${name}` })
const example = (name) => ({ text: name, link: `/examples/${name}/README` })

/** What is imported is called as it is imported. */
const entries = () =>
  JSON.parse(readFileSync(reference, 'utf8')).map((entry) => ({
    ...entry,
    text: entry.text === 'index' ? 'apparmor' : `apparmor/${entry.text}`,
  }))

// tools/docs/site.js lays out build/site as the repository is, so that the pages' links are right in both.
export default {
  title: 'apparmor',
  description: 'Confine a Node.js program, its threads and its children with Linux AppArmor',
  srcDir: '../build/site',
  outDir: '.vitepress/dist',
  cacheDir: '.vitepress/cache',
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: { languageAlias: { apparmor: 'ini' } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      page('Guide', 'getting-started'),
      { text: 'Examples', link: '/examples/README' },
      { text: 'Reference', link: '/reference/README' },
      page('Command line', 'cli'),
    ],
    sidebar: [
      {
        text: 'Begin',
        items: [
          page('Getting started', 'getting-started'),
          page('Concepts', 'concepts'),
          page('Choose the way', 'choose'),
          page('Install', 'install'),
        ],
      },
      {
        text: 'Guides',
        items: [
          page('Confine a service', 'confine-service'),
          page('Confine children', 'children'),
          page('Run untrusted code', 'untrusted-code'),
          page('Write a profile', 'writing-profiles'),
          page('From denial to rule', 'denial-to-rule'),
          page('Learn a profile', 'learn'),
          page('Test a profile', 'testing-profiles'),
          page('Policy in CI', 'policy-ci'),
          page('Containers and clusters', 'containers'),
          page('Unix-socket peers', 'unix-peers'),
          page('See what is confined', 'seeing'),
        ],
      },
      {
        text: 'Understand',
        items: [
          page('Threads and processes', 'threads'),
          page('Security model', 'security-model'),
          { text: 'Report a vulnerability', link: '/SECURITY' },
          page('Comparison', 'comparison'),
          page('How it works inside', 'internals'),
          page('Migrating', 'migrating'),
          page('Benchmarks', 'benchmarks'),
          page('Support and versions', 'support'),
          { text: 'Changes', link: '/CHANGELOG' },
        ],
      },
      {
        text: 'Reference',
        items: [
          page('Command line', 'cli'),
          page('Errors', 'errors'),
          page('Policy', 'policy'),
          page('Templates', 'templates'),
          page('The audit log', 'audit'),
        ],
      },
      {
        text: 'Examples',
        collapsed: true,
        items: [
          'thread-leak',
          'https-service',
          'image-conversion',
          'package-scripts',
          'plugin-host',
          'hats-in-workers',
          'unix-peers',
          'agent-runner',
          'policy-tests',
          'denial-webhook',
          'container',
        ].map(example),
      },
      {
        text: 'API',
        collapsed: true,
        items: existsSync(reference) ? entries() : [],
      },
    ],
  },
}
