#!/bin/sh
# Send a recording as a voice note, and wait (up to 20 s) until it has left for WhatsApp.
# WAYPOST_URL, INSTANCE and TOKEN say where and as whom; the arguments are the number and the file.
set -eu
curl -sS "$WAYPOST_URL/api/whatsapp/v2/$INSTANCE/send-voice" \
  -H "Authorization: Bearer $TOKEN" -H "Accept: application/json" -H "Prefer: wait=20" \
  -F "chatId=$1@c.us" -F "file=@$2"
