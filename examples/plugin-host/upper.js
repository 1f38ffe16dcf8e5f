process.on('message', (text) => process.send(text.toUpperCase()))
