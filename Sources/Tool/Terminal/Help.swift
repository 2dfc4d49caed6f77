import ArgumentParser
import Files
import Glibc
import JSONTape
import PlainText

/// The help of a command, made for the width of the terminal.
struct Help {
  private let program: any ParsableCommand.Type
  private let verbs: Verbs

  init(_ program: any ParsableCommand.Type, _ verbs: Verbs) {
    self.program = program
    self.verbs = verbs
  }

  /// The help as it is printed.
  ///
  /// - Parameter hidden: whether what is not meant for people is told too.
  func text(hidden: Bool, columns: Int = terminalColumns()) -> String {
    let command = verbs.commands[verbs.commands.count - 1]
    // The parser would break lines without regard to what stands below what.
    let whole = program.helpMessage(for: command, includeHidden: hidden, columns: 1 << 20)
    var lines = whole.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if command.configuration.usage == nil,
      let usage = lines.firstIndex(where: { $0.hasPrefix(Self.usage) })
    {
      lines[usage] = Self.usage + Synopsis(of: command, path: verbs.path).text
    }
    return lines.map { Self.fitted($0, to: columns) }.joined(separator: "\n")
  }

  private static let usage = "USAGE: "
  /// Where the parser begins what it says of an option.
  private static let meaningColumn = 26

  /// A line as several that are no wider than the terminal, if its words are not: what follows stands below
  /// the text of the first.
  static func fitted(_ line: String, to columns: Int) -> String {
    guard line.displayWidth > columns else { return line }
    let isUsage = line.hasPrefix(usage)
    let indent = line.prefix { $0 == " " }.count
    var hang = isUsage ? usage.count + 2 : indent
    let meaning = line.dropFirst(meaningColumn)
    if indent == 2, meaning.first != " ", line.prefix(meaningColumn).hasSuffix("  ") {
      hang = meaningColumn
    }
    var current = String(line.prefix(isUsage ? 0 : hang))
    let rest = line.dropFirst(isUsage ? 0 : hang)
    if hang > columns / 2 {
      // Beside the label there is no room to speak of.
      hang = columns / 2
      while current.hasSuffix("  ") { current.removeLast() }
    }
    var lines: [String] = []
    for word in words(rest, keepsBrackets: isUsage) {
      let isFirst = current.isEmpty || current.last == " "
      if !isFirst, current.displayWidth + 1 + word.displayWidth > columns {
        lines.append(current)
        current = String(repeating: " ", count: hang) + word
      } else {
        current += (isFirst ? "" : " ") + word
      }
    }
    return (lines + [current]).joined(separator: "\n")
  }

  /// Words, or parts of a synopsis, which are not broken inside of brackets.
  private static func words(_ text: Substring, keepsBrackets: Bool) -> [String] {
    var words: [String] = []
    var depth = 0
    for word in text.split(separator: " ") {
      if depth > 0 { words[words.count - 1] += " " + word } else { words.append(String(word)) }
      guard keepsBrackets else { continue }
      depth += word.count { $0 == "[" } - word.count { $0 == "]" }
    }
    return words
  }
}

/// What a command takes, in one line: what stands alone, its own options, and `[<options>]` for those that
/// many verbs share.
struct Synopsis {
  let text: String

  /// Options that mean the same wherever they are; docs/cli.md tells of them once.
  private static let shared: Set = [
    "store", "server", "cacert", "account", "region", "format", "time-zone", "key-file", "state",
    "help", "version",
  ]
  /// A line with more own options than this tells nobody anything.
  private static let optionsMax = 12

  init(of command: any ParsableCommand.Type, path: String) {
    let description = try? JSONValue(parsing: Array(command._dumpHelp().utf8))
    let arguments = (description?["command"]?["arguments"]?.elements ?? [])
      .filter { $0["shouldDisplay"] == .bool(true) }
    let positional = arguments.filter { $0["kind"]?.text == "positional" }
    let options = arguments.filter { $0["kind"]?.text != "positional" }
    var own = options.filter { !Self.shared.contains($0["preferredName"]?["name"]?.text ?? "") }
    if own.count > Self.optionsMax { own.removeAll { $0["isOptional"] == .bool(true) } }
    let isMore = options.contains { option in
      !["help", "version"].contains(option["preferredName"]?["name"]?.text ?? "")
        && !own.contains(option)
    }
    let verb = command.configuration.subcommands.isEmpty ? [] : ["<subcommand>"]
    text = ([path] + (positional + own).map(Self.part) + (isMore ? ["[<options>]"] : []) + verb)
      .joined(separator: " ")
  }

  private static func part(_ argument: JSONValue) -> String {
    var part = "<\(argument["valueName"]?.text ?? "")>"
    if let name = argument["preferredName"]?["name"]?.text {
      part = argument["kind"]?.text == "flag" ? "--\(name)" : "--\(name) \(part)"
    }
    if argument["isOptional"] == .bool(true) { part = "[\(part)]" }
    return argument["isRepeating"] == .bool(true) ? part + "..." : part
  }
}

/// Columns of the terminal that the program writes to; `COLUMNS` where it is set, 80 where there is none.
func terminalColumns() -> Int {
  if let set = environmentValue("COLUMNS").flatMap({ Int($0) }), set >= 20 { return set }
  var size = winsize()
  guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 else {
    return 80
  }
  return Int(size.ws_col)
}
