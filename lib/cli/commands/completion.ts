import { command, type Command } from '../command.ts'

const BASH = `_apparmor() {
  local IFS=$'\\n' cur=\${COMP_WORDS[COMP_CWORD]} line
  COMPREPLY=()
  while read -r line; do
    case $line in
      :file | :program) COMPREPLY+=($(compgen -f -- "$cur")) ;;
      :directory) COMPREPLY+=($(compgen -d -- "$cur")) ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" --complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o filenames -F _apparmor apparmor
`

const ZSH = `#compdef apparmor
_apparmor() {
  local line
  local -a offers
  for line in "\${(@f)$("$words[1]" --complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :file | :program) _files ;;
      :directory) _files -/ ;;
      ?*) offers+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  _describe apparmor offers
}
compdef _apparmor apparmor
`

const FISH = `function __apparmor_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in ($words[1] --complete $words[2..-1] 2>/dev/null)
    switch $line
      case ':file' ':program'
        __fish_complete_path (commandline -ct)
      case ':directory'
        __fish_complete_directories (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c apparmor -f -a '(__apparmor_complete)'
`

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH }

const COMPLETION: Command = command({
  name: 'completion',
  summary: 'Print a completion script for a shell',
  description: [
    'The shell then completes commands, options, and the names of loaded profiles, processes and files.',
  ],
  operands: [{ name: 'SHELL', help: 'bash, zsh or fish', choices: Object.keys(SCRIPTS) }],
  examples: [
    { run: 'source <(apparmor completion bash)', what: 'in ~/.bashrc' },
    { run: 'source <(apparmor completion zsh)', what: 'in ~/.zshrc, after compinit' },
    { run: 'apparmor completion fish | source', what: 'in ~/.config/fish/config.fish' },
  ],
  exits: { 0: 'printed' },
  async run({ operands: [shell = ''], out }) {
    out.text(SCRIPTS[shell] ?? '')
  },
})
export default COMPLETION
