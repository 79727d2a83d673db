// Many plain Baileys sessions in one process, as its own example sets them up. Commands come as JSON lines on stdin
// ({n, call, args}), answers ({answer, result | error}) and events ({event, …}) go as JSON lines to stdout.
//
//   node baileys.mjs MODULES STATE URL NOTE     MODULES: folder with node_modules; STATE: folder of the keys;
//                                               URL: the sandbox's web socket; NOTE: the voice note that is sent

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

console.log = console.info = console.debug = console.warn = () => {}

const [modules, state, url, path] = process.argv.slice(2)
const module = async name => import(pathToFileURL(join(modules, 'node_modules', name)))
const baileys = await module('baileys/lib/index.js')
const { pino } = (await module('pino/pino.js')).default
const log = pino({ level: 'error' }, pino.destination(2))
const tell = line => process.stdout.write(JSON.stringify(line) + '\n')
const note = await readFile(path)
const sockets = new Map()

async function open(number) {
  const { state: auth, saveCreds } = await baileys.useMultiFileAuthState(join(state, number))
  const keys = baileys.makeCacheableSignalKeyStore(auth.keys, log)
  const connect = () => {
    const socket = baileys.makeWASocket({
      auth: { creds: auth.creds, keys }, waWebSocketUrl: url, logger: log,
      syncFullHistory: false, shouldSyncHistoryMessage: () => false,
    })
    sockets.set(number, socket)
    socket.ev.on('creds.update', saveCreds)
    socket.ev.on('connection.update', ({ connection, qr }) => {
      if (qr) tell({ event: 'qr', number, text: qr })
      if (connection === 'open') tell({ event: 'connected', number })
      if (connection === 'close') connect()
    })
  }
  connect()
}

// Length and waveform are given, so that Baileys need not decode the note.
const send = (number, to, seconds, waveform) => sockets.get(number).sendMessage(to, {
  audio: note, ptt: true, mimetype: 'audio/ogg; codecs=opus', seconds, waveform: Buffer.from(waveform, 'base64'),
})

async function burst({ number, to, count, together, seconds, waveform }) {
  const line = async first => {
    for (let index = first; index < count; index += together) await send(number, to[index % to.length], seconds, waveform)
  }
  await Promise.all(Array.from({ length: together }, (_, first) => line(first)))
  tell({ event: 'sent', number })
}

const calls = {
  open: ({ number }) => open(number),
  send: ({ number, to, seconds, waveform }) => send(number, to, seconds, waveform),
  // Answered at once: it takes longer than anyone waits for an answer.
  burst: args => void burst(args).catch(error => tell({ event: 'failed', error: error.message })),
}

async function obey(line) {
  const { n, call, args } = JSON.parse(line)
  try {
    await calls[call](args)
    tell({ answer: n, result: null })
  } catch (error) {
    tell({ answer: n, error: error.message })
  }
}

createInterface({ input: process.stdin }).on('line', obey).on('close', () => process.exit(0))
tell({ event: 'ready', pid: process.pid })
