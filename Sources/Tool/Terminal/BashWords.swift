/// What a completion script for bash lacks: bash takes words apart at colons, and `AWS:Application` is one.
enum BashWords {
  /// Lines to follow the script of a program.
  static func script(of program: String) -> String {
    let function = "_" + program
    return """


      # Bash takes words apart at colons; AWS:Application is one.
      \(function)_whole_words() {
          local -a words=()
          local -i at=0 last=-1 here=0
          local rest="${COMP_LINE}" word
          for word in "${COMP_WORDS[@]}"; do
              if ((last >= 0)) && [[ "${rest}" != [[:space:]]* ]] \\
                  && [[ "${word}" == :* || "${words[last]}" == *: ]]; then
                  words[last]+="${word}"
              else
                  rest="${rest#"${rest%%[![:space:]]*}"}"
                  words+=("${word}")
                  ((++last))
              fi
              rest="${rest#"${word}"}"
              ((at++ == COMP_CWORD)) && here=last
          done
          local cur="${words[here]}"
          if [[ "${cur}" != *:* && "${#words[@]}" -eq "${#COMP_WORDS[@]}" ]]; then
              \(function) "${@}"
              return
          fi
          [[ "${cur}" == *:* ]] || cur="${2}"
          local -a COMP_WORDS=("${words[@]}")
          local -i COMP_CWORD=here
          \(function) "${1}" "${cur}" "${words[here - 1]}"
          # Only what stands behind the last colon is replaced.
          COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
      }
      complete -o filenames -F \(function)_whole_words \(program)
      """
  }
}
