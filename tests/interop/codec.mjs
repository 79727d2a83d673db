// Baileys' binary XML, both ways: a JSON line in, a JSON line out.
//   {"encode": NODE} → {"frame": BASE64}      {"decode": BASE64} → {"node": NODE}      either may answer {"error": TEXT}
// NODE is {tag, attrs, content}: content is null, BASE64 or a list of nodes; addresses are in their written form.
//
//   node codec.mjs MODULES                    MODULES: folder with node_modules

import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const path = join(process.argv[2], 'node_modules', 'baileys/lib/WABinary/index.js')
const { decodeBinaryNode, encodeBinaryNode } = await import(pathToFileURL(path))

const theirs = ({ tag, attrs, content }) => ({
  tag, attrs,
  content: content === null ? undefined : Array.isArray(content) ? content.map(theirs) : Buffer.from(content, 'base64'),
})
const ours = ({ tag, attrs, content }) => ({
  tag, attrs: { ...attrs },
  content: content === undefined ? null
    : Array.isArray(content) ? content.map(ours)
    : Buffer.from(content, 'utf-8').toString('base64'),
})

for await (const line of createInterface({ input: process.stdin })) {
  const { encode, decode } = JSON.parse(line)
  let answer
  try {
    answer = encode === undefined
      ? { node: ours(await decodeBinaryNode(Buffer.from(decode, 'base64'))) }
      : { frame: encodeBinaryNode(theirs(encode)).toString('base64') }
  } catch (error) {
    answer = { error: String(error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
