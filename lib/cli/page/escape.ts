import { safe } from '../screen.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text as a page or a picture may have it, between tags and in quoted attributes. What cannot be seen, or turns the
 * direction of writing, is shown as on a terminal: names are chosen by others.
 */
export const html = (text: string): string =>
  safe(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
