/** Whether Node's permission model keeps this process from starting children. */
export function childrenAreDenied(): boolean {
  const { permission } = process as { permission?: { has(scope: string): boolean } }
  return permission !== undefined && !permission.has('child')
}
