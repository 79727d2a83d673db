// One Baileys companion. Commands come as JSON lines on stdin ({n, call, args}), answers ({answer, result | error}) and
// events ({event, …}) go as JSON lines to stdout, Baileys' own log to stderr. It ends when stdin does.
//
//   node baileys.mjs MODULES STATE URL     MODULES: folder with node_modules; STATE: keys and received files;
//                                          URL: the sandbox's web socket. NODE_EXTRA_CA_CERTS names its CA.

import { createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

// libsignal prints whole sessions, private keys too, and stdout is for our lines alone.
console.log = console.info = console.debug = console.warn = () => {}

const [modules, state, url] = process.argv.slice(2)
const module = async path => import(pathToFileURL(join(modules, 'node_modules', path)))
const baileys = await module('baileys/lib/index.js')
const { pino } = (await module('pino/pino.js')).default
const { DisconnectReason, WAMessageStubType, WAMessageStatus } = baileys

const RECONNECT_MS = 300
// A restart is asked for by the server (after pairing); behind the other two, a new connection would be wrong.
const FINAL = { [DisconnectReason.loggedOut]: 'logged_out', [DisconnectReason.connectionReplaced]: 'replaced' }
const STATUS = { [WAMessageStatus.SERVER_ACK]: 'sent', [WAMessageStatus.DELIVERY_ACK]: 'delivered',
  [WAMessageStatus.READ]: 'read', [WAMessageStatus.PLAYED]: 'played', [WAMessageStatus.ERROR]: 'error' }

const { REVOKE, MESSAGE_EDIT } = baileys.proto.Message.ProtocolMessage.Type

const log = pino({ level: process.env.BAILEYS_LOG ?? 'warn' }, pino.destination(2))
const tell = line => process.stdout.write(JSON.stringify(line) + '\n')
const base64 = bytes => (bytes?.length ? Buffer.from(bytes).toString('base64') : '')
const files = join(state, 'received')
const auth = await baileys.useMultiFileAuthState(join(state, 'keys'))
const seen = new Map()
const leaving = new Set()
const writing = new Set()
let socket
let closing = false

// Files of keys are written in the background, and one that is cut off is no key: the account would have to be linked anew.
function written(work) {
  writing.add(work)
  work.catch(() => {}).finally(() => writing.delete(work))
  return work
}

const setKeys = auth.state.keys.set
auth.state.keys.set = data => written(setKeys(data))

async function leave() {
  closing = true
  await socket.end(undefined)
  while (writing.size) await Promise.allSettled(writing)
  process.exit(0)
}

function connect() {
  socket = baileys.makeWASocket({
    auth: auth.state, waWebSocketUrl: url, logger: log, syncFullHistory: false,
    shouldSyncHistoryMessage: () => false,
    getMessage: async key => {
      // On a busy machine a message is asked for again before its sending has come to its end here.
      await Promise.allSettled(leaving)
      return seen.get(key.id)?.message
    },
  })
  socket.ev.on('creds.update', () => written(auth.saveCreds()))
  socket.ev.on('connection.update', connection)
  socket.ev.on('presence.update', presence)
  socket.ev.on('groups.update', updates => updates.forEach(({ id, subject }) => subject && tell({ event: 'group', id, subject })))
  socket.ev.on('group-participants.update', ({ id, action }) => tell({ event: 'members', id, action }))
  socket.ev.on('messages.upsert', ({ messages }) => messages.forEach(received))
  // In groups each member's receipt comes by itself.
  socket.ev.on('message-receipt.update', updates => updates.forEach(({ key, receipt }) => ofMember(key, receipt)))
  socket.ev.on('messages.update', updates => updates.forEach(({ key, update }) => receipt(key, update.status)))
}

function presence({ id, presences }) {
  for (const { lastKnownPresence } of Object.values(presences)) tell({ event: 'doing', from: id, state: lastKnownPresence })
}

function receipt(key, status) {
  if (status in STATUS) tell({ event: 'receipt', id: key.id, status: STATUS[status], from: key.remoteJid })
}

function ofMember(key, { userJid, readTimestamp }) {
  tell({ event: 'receipt', id: key.id, status: readTimestamp ? 'read' : 'delivered', from: userJid })
}

function connection({ connection, qr, lastDisconnect }) {
  if (qr) tell({ event: 'qr', text: qr })
  if (connection === 'open') tell({ event: 'connected', jid: socket.user.id, lid: socket.user.lid })
  if (connection !== 'close') return
  const code = lastDisconnect?.error?.output?.statusCode
  tell({ event: 'disconnected', code: code ?? null, reason: FINAL[code] ?? lastDisconnect?.error?.message ?? '' })
  if (!closing && !(code in FINAL)) setTimeout(connect, code === DisconnectReason.restartRequired ? 0 : RECONNECT_MS)
}

async function received(message) {
  const { key } = message
  if (message.messageStubType === WAMessageStubType.CIPHERTEXT) {
    tell({ event: 'undecryptable', id: key.id, from: key.remoteJid, reason: message.messageStubParameters?.[0] ?? '' })
    return
  }
  const content = baileys.extractMessageContent(message.message)
  // A receipt that arrives while the message itself is being told comes merged into it.
  if (key.fromMe) receipt(key, message.status)
  for (const one of message.userReceipt ?? []) ofMember(key, one)
  if (!content || (content.protocolMessage && ![REVOKE, MESSAGE_EDIT].includes(content.protocolMessage.type))) return
  seen.set(key.id, message)
  const kind = baileys.getContentType(content)
  const body = content[kind]
  const context = body?.contextInfo
  const event = {
    event: 'message', id: key.id, from: key.remoteJid, from_other: key.remoteJidAlt ?? '', from_me: Boolean(key.fromMe),
    name: message.pushName ?? '', kind: kind.replace(/Message$/, ''), text: content.conversation || body?.text || body?.caption || '',
    quoted_id: context?.stanzaId ?? '', quoted_from: context?.participant ?? '',
    quoted_kind: context?.quotedMessage ? baileys.getContentType(context.quotedMessage).replace(/Message$/, '') : '',
    quoted_text: context?.quotedMessage?.conversation ?? context?.quotedMessage?.extendedTextMessage?.text ?? '',
    content: body?.toJSON?.() ?? {},
  }
  if (body?.mediaKey && !key.fromMe) Object.assign(event, await media(message, body))
  tell(event)
}

async function media(message, body) {
  const facts = { mimetype: body.mimetype ?? '', seconds: body.seconds ?? 0, ptt: Boolean(body.ptt),
    waveform: base64(body.waveform), stated_sha256: base64(body.fileSha256), stated_size: Number(body.fileLength ?? 0) }
  try {
    // The picture of a link preview has no address of its own, only a path.
    const options = body.url ? {} : { host: (await socket.refreshMediaConn()).hosts[0].hostname }
    const file = await baileys.downloadMediaMessage(message, 'buffer', options)
    const path = join(files, message.key.id)
    await writeFile(path, file)
    return { ...facts, path, size: file.length, sha256: createHash('sha256').update(file).digest('base64') }
  } catch (error) {
    return { ...facts, media_error: error.message }
  }
}

async function send(to, content, quoted) {
  const sending = socket.sendMessage(to, content, quoted ? { quoted: remembered(quoted) } : {})
    .then(sent => seen.set(sent.key.id, sent) && sent)
  leaving.add(sending)
  try {
    const { key } = await sending
    return { id: key.id, to: key.remoteJid }
  } finally {
    leaving.delete(sending)
  }
}

function remembered(id) {
  if (!seen.has(id)) throw new Error(`no message ${id} was received or sent here`)
  return seen.get(id)
}

const calls = {
  text: ({ to, text, quoted }) => send(to, { text }, quoted),
  voice: async ({ to, path, seconds, waveform, quoted }) => send(to, {
    audio: await readFile(path), ptt: true, mimetype: 'audio/ogg; codecs=opus', seconds,
    waveform: new Uint8Array(Buffer.from(waveform, 'base64')),
  }, quoted),
  // A thumbnail that is given is not made, which would need a library of images.
  file: async ({ to, kind, path, mimetype, caption, quoted }) => send(to, {
    [kind]: await readFile(path), mimetype, caption, fileName: 'file', jpegThumbnail: '',
  }, quoted),
  read: ({ id }) => socket.readMessages([remembered(id).key]),
  played: ({ id }) => socket.sendReceipts([remembered(id).key], 'played'),
  group: async ({ subject, members }) => ({ id: (await socket.groupCreate(subject, members)).id }),
  about: async ({ group }) => {
    const { subject, desc, announce, restrict, participants } = await socket.groupMetadata(group)
    const members = Object.fromEntries(participants.map(({ id, admin }) => [id, admin ?? '']))
    return { subject, description: desc ?? '', announce: Boolean(announce), locked: Boolean(restrict), members }
  },
  online: ({ online }) => socket.sendPresenceUpdate(online ? 'available' : 'unavailable'),
  exists: async ({ phone }) => (await socket.onWhatsApp(phone)) ?? [],
  // Baileys opens votes and has no call to give one: it is sealed here, and opened by its own code before it goes.
  vote: async ({ to, id, options }) => {
    const { key, message } = remembered(id)
    const voterJid = baileys.jidNormalizedUser(socket.user.lid)
    const pollCreatorJid = baileys.jidNormalizedUser(key.fromMe ? socket.user.lid : key.remoteJid)
    const hashes = options.map(option => createHash('sha256').update(option).digest())
    const plain = baileys.proto.Message.PollVoteMessage.encode({ selectedOptions: hashes }).finish()
    const secret = message.messageContextInfo.messageSecret
    const sealing = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(32), `${id}${pollCreatorJid}${voterJid}Poll Vote`, 32))
    const encIv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', sealing, encIv).setAAD(Buffer.from(`${id}\0${voterJid}`))
    const encPayload = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    const opened = baileys.decryptPollVote({ encPayload, encIv }, { pollCreatorJid, pollMsgId: id, pollEncKey: secret, voterJid })
    if (opened.selectedOptions.length !== options.length) throw new Error('Baileys opens this vote otherwise')
    const vote = { pollCreationMessageKey: key, vote: { encPayload, encIv }, senderTimestampMs: Date.now() }
    return { id: await socket.relayMessage(to, { pollUpdateMessage: vote }, {}) }
  },
  // Any method of the socket, for what needs no call of its own.
  ask: async ({ method, args }) => socket[method](...(args ?? [])),
  // Ratchets only: what arrives next can't be opened and is asked for again with a retry receipt.
  forget_sessions: async () => {
    const names = (await readdir(join(state, 'keys'))).filter(name => name.startsWith('session-'))
    const ids = names.map(name => name.slice('session-'.length, -'.json'.length))
    await auth.state.keys.set({ session: Object.fromEntries(ids.map(id => [id, null])) })
    return { sessions: ids }
  },
  close: () => void setImmediate(leave),
}

async function obey(line) {
  const { n, call, args } = JSON.parse(line)
  try {
    if (!(call in calls)) throw new Error(`unknown call ${call}`)
    tell({ answer: n, result: (await calls[call](args ?? {})) ?? null })
  } catch (error) {
    tell({ answer: n, error: error.message })
  }
}

await mkdir(files, { recursive: true })
process.on('unhandledRejection', error => log.error({ trace: error?.stack }, 'unhandled rejection'))
createInterface({ input: process.stdin }).on('line', obey).on('close', leave)
connect()
