extension String {
  /// The text without anything that could move a terminal's cursor or turn its text around.
  ///
  /// Whatever a node reports ends up on an administrator's screen; escape sequences in it must not
  /// act there.
  package var withoutControls: String {
    guard unicodeScalars.contains(where: \.isControl) else { return self }
    var out = String.UnicodeScalarView()
    for scalar in unicodeScalars { out.append(scalar.isControl ? "\u{fffd}" : scalar) }
    return String(out)
  }

  /// ``withoutControls``, cut to 200 characters: fit for an error message.
  package var onOneLine: String {
    let plain = withoutControls
    return plain.count > 200 ? plain.prefix(200) + "…" : plain
  }

  /// Columns on a terminal.
  package var displayWidth: Int {
    if utf8.allSatisfy({ (0x20...0x7e).contains($0) }) { return utf8.count }
    return reduce(0) { $0 + $1.displayWidth }
  }

  /// The text cut to a number of columns, its end replaced by `…` where it is longer.
  package func cut(toWidth width: Int) -> String {
    guard displayWidth > width else { return self }
    var out = ""
    var used = 0
    for character in self {
      let next = character.displayWidth
      if used + next > width - 1 { break }
      out.append(character)
      used += next
    }
    return out + "…"
  }

  /// The text cut to a number of columns, its middle replaced by `…` where it is longer: of names the end
  /// tells as much as the beginning.
  package func cutInMiddle(toWidth width: Int) -> String {
    guard displayWidth > width else { return self }
    guard width > 2 else { return cut(toWidth: width) }
    let end = String(reversed()).prefix(toWidth: (width - 1) / 2)
    return prefix(toWidth: width - 1 - end.displayWidth) + "…" + String(end.reversed())
  }

  /// The text in lines of at most so many columns, broken at blanks, and within words that are longer.
  package func wrapped(toWidth width: Int) -> [String] {
    guard displayWidth > width else { return [self] }
    var lines: [String] = []
    var line = ""
    for word in split(separator: " ") {
      var word = String(word)
      let joined = line.isEmpty ? word : line + " " + word
      if joined.displayWidth <= width {
        line = joined
        continue
      }
      if !line.isEmpty { lines.append(line) }
      while word.displayWidth > width {
        // A character that is wider than the line has one of its own.
        let head = String(word.prefix(max(1, word.prefix(toWidth: width).count)))
        lines.append(head)
        word.removeFirst(head.count)
      }
      line = word
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }

  /// As much of the beginning as fits.
  private func prefix(toWidth width: Int) -> String {
    var used = 0
    return String(
      prefix { character in
        used += character.displayWidth
        return used <= width
      })
  }
}

extension Unicode.Scalar {
  /// Whether it acts on a terminal instead of being shown: C0, DEL, C1, line and bidi controls.
  package var isControl: Bool {
    switch value {
    case 0..<0x20, 0x7f..<0xa0, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
    default: false
    }
  }

  /// Columns on a terminal: 0 for marks that join, 2 for East Asian wide ones and emoji, else 1.
  fileprivate var displayWidth: Int {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch value {
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff,
      0xa000...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff, 0x20000...0x3fffd:
      return 2
    default:
      return properties.isEmojiPresentation ? 2 : 1
    }
  }
}

extension Character {
  /// Columns on a terminal; a cluster is as wide as its widest part.
  fileprivate var displayWidth: Int {
    var width = 0
    for scalar in unicodeScalars {
      // U+FE0F asks for the emoji's picture.
      width = scalar.value == 0xfe0f ? 2 : max(width, scalar.displayWidth)
    }
    return width
  }
}

extension String {
  /// The text as one word of a shell's command line.
  package var asShellWord: String {
    let isPlain =
      !isEmpty
      && utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
          || "/._-+=:@%,".utf8.contains($0)
      }
    return isPlain ? self : "'" + replacing("'", with: #"'\''"#) + "'"
  }
}
