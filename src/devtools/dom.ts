/** An element as it is to be. Text is text: nothing here makes elements of it. */
export interface Node {
  readonly tag: string
  /** Elements with equal keys are the same one in the next picture. */
  readonly key: string | null
  readonly attributes: Attributes
  readonly children: ReadonlyArray<Child>
}

export type Child = Node | string

export interface Attributes {
  readonly key?: string
  readonly onclick?: () => void
  readonly onkeydown?: (event: KeyboardEvent) => void
  readonly onchange?: (event: Event) => void
  /** The state of a control, which its attribute does not set once it was used. */
  readonly value?: string
  readonly [name: string]: unknown
}

export function h(tag: string, { key, ...attributes }: Attributes = {}, ...children: ReadonlyArray<Child | null>): Node {
  return { tag, key: key ?? null, attributes, children: children.filter((child) => child !== null) }
}

/** What was set of an element, by the last picture. */
const made = new WeakMap<Element, Node>()

/** Makes the children of an element those of a picture. What stays keeps its focus, its selection and its scroll position. */
export function draw(parent: Element | ShadowRoot, children: ReadonlyArray<Child>): void {
  const wanted = new Set(children.map(keyOf))
  let at = parent.firstChild
  for (const child of children) {
    // What is gone leaves its place first, so that what stays need not be moved: a moved element loses its focus.
    while (at && keyOfDrawn(at) !== null && !wanted.has(keyOfDrawn(at))) {
      const next: ChildNode | null = at.nextSibling
      at.remove()
      at = next
    }
    if (typeof child === 'string') {
      if (at?.nodeType === 3) {
        if (at.nodeValue !== child) at.nodeValue = child
        at = at.nextSibling
      } else parent.insertBefore(document.createTextNode(child), at)
      continue
    }
    let element = find(at, child)
    if (element === null) element = document.createElement(child.tag)
    if (element === at) at = at.nextSibling
    else parent.insertBefore(element, at)
    update(element, child)
  }
  while (at) {
    const next: ChildNode | null = at.nextSibling
    at.remove()
    at = next
  }
}

const keyOf = (child: Child): string | null => (typeof child === 'string' ? null : child.key)

const keyOfDrawn = (node: ChildNode): string | null => made.get(node as unknown as Element)?.key ?? null

function find(from: ChildNode | null, { tag, key }: Node): Element | null {
  for (let at = from; at; at = at.nextSibling) {
    const before = made.get(at as unknown as Element)
    if (before?.key === key && before.tag === tag) return at as unknown as Element
    if (key === null) return null
  }
  return null
}

function update(element: Element, next: Node): void {
  const before = made.get(element)?.attributes ?? {}
  made.set(element, next)
  const { attributes } = next
  for (const name of Object.keys(before)) if (!(name in attributes)) set(element, name, null)
  for (const [name, value] of Object.entries(attributes)) if (name !== 'value' && before[name] !== value) set(element, name, value)
  draw(element, next.children)
  const { value } = attributes
  if (value !== undefined && (element as HTMLSelectElement).value !== value) (element as HTMLSelectElement).value = value
}

/** A function is a handler; `true` is an empty attribute; anything else that is no text is none. */
function set(element: Element, name: string, value: unknown): void {
  if (name.startsWith('on')) (element as unknown as Record<string, unknown>)[name] = value ?? null
  else if (typeof value === 'string' || value === true) element.setAttribute(name, value === true ? '' : value)
  else element.removeAttribute(name)
}
