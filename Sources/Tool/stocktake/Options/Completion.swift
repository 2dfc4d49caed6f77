import ArgumentParser
import Glibc
import Inventory
import JSONTape
import PlainText
import Questions
import Times

// What the shell offers for a word, by asking the store or the server that the command line names.

extension CompletionKind {
  /// The nodes there are.
  static var nodes: CompletionKind {
    .custom { words, _, prefix in
      Candidates(words, prefix).named("node", of: .nodes, ["node": prefix.asPattern + "*"])
    }
  }

  /// The inventory types there are, and those that every store knows.
  static var types: CompletionKind {
    .custom { words, _, prefix in
      let candidates = Candidates(words, prefix)
      let known = TypeDefinition.builtIn.keys.sorted()
      return candidates.offer(candidates.rows(.types, [:], "type") + known)
    }
  }

  /// The names of the items of a type: packages, if no other is named.
  static var items: CompletionKind {
    .custom { words, _, prefix in
      let candidates = Candidates(words, prefix)
      var given = ["name": prefix.asPattern + "*"]
      given["type"] = candidates.value(of: "--type")
      return candidates.named("name", of: .rollup, given)
    }
  }

  /// The zones of the system.
  static var zones: CompletionKind {
    .custom { words, _, prefix in Candidates(words, prefix).offer(["UTC"] + Zone.names) }
  }
}

/// Words that a command line can go on with.
///
/// Whatever goes wrong, there are none: a shell has no place for an error.
private struct Candidates {
  /// More are of no use to anybody who reads them.
  private static let countMax = 1000
  /// Seconds after which nothing is offered.
  private static let secondsMax: UInt32 = 2

  private let words: [String]
  private let prefix: String

  init(_ words: [String], _ prefix: String) {
    self.words = words
    self.prefix = prefix
    // Who waits for a completion has stopped typing.
    signal(SIGALRM) { _ in _exit(0) }
    alarm(Self.secondsMax)
  }

  /// What an option is given on the command line; nil where it is not.
  func value(of option: String) -> String? {
    for (index, word) in words.enumerated().reversed() {
      if word.hasPrefix(option + "=") { return String(word.dropFirst(option.count + 1)) }
      if word == option, index + 1 < words.count { return words[index + 1] }
    }
    return nil
  }

  /// One column of the answer to a question.
  func named(_ column: String, of question: Question, _ given: [String: String]) -> [String] {
    offer(rows(question, given, column))
  }

  /// One column of the answer to a question, as it is.
  func rows(_ question: Question, _ given: [String: String], _ column: String) -> [String] {
    var given = given
    if question.isPaged { given["limit"] = String(Self.countMax) }
    let reading = Arguments.Reading(times: TimeParser(zone: .utc, now: .now))
    guard let answer = try? source().ask(question, Arguments(question, given, reading)) else {
      return []
    }
    return answer.rows.compactMap { $0[column]?.text }
  }

  private func source() throws -> any QuestionSource {
    let named = { (options: [String]) in
      options.flatMap { option in value(of: option).map { [option, $0] } ?? [] }
    }
    let options = try SourceOptions.parse(named(["--store", "--server", "--cacert"]))
    return try options.source(try ScopeOptions.parse(named(["--account", "--region"])))
  }

  /// Those that begin like the word, each once, in the form that the shell takes.
  func offer(_ candidates: [String]) -> [String] {
    var seen: Set<String> = []
    var offered: [String] = []
    // A line would be two, and a control would act on the terminal.
    for word in candidates where word.hasPrefix(prefix) && word == word.withoutControls {
      if offered.count < Self.countMax, seen.insert(word).inserted { offered.append(word) }
    }
    guard CompletionShell.requesting == .zsh else { return offered }
    // Behind a colon zsh expects what a word means.
    return offered.map { $0.replacing(#"\"#, with: #"\\"#).replacing(":", with: #"\:"#) }
  }
}

extension String {
  /// A pattern of the shell that only this text fits.
  var asPattern: String {
    reduce(into: "") { pattern, character in
      if #"*?[]\"#.contains(character) { pattern.append(#"\"#) }
      pattern.append(character)
    }
  }
}
