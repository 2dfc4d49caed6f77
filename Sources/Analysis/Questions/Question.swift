import HistoryStore
import Inventory
import JSONTape
package import Times

/// A question about what nodes have and had: everything that any face of it has to know.
///
/// From a description follow the command and its `--server`, the route of `/v1`, OpenAPI's schemas
/// and parameters, the forms for programs, pages, the exit status, and the tables in docs/cli.md and
/// docs/http-api.md.
package struct Question: Sendable {
  /// What an answer is made of.
  package enum Shape: Sendable {
    /// Rows of the columns.
    case rows
    /// States: facts in the columns, then items, whose columns are the attributes of their type.
    case states
  }

  /// What arguments must not be together.
  package struct Rule: Sendable {
    /// What to do, with names of parameters in braces.
    let text: String
    let isBroken: @Sendable (Arguments) -> Bool

    init(_ text: String, _ isBroken: @escaping @Sendable (Arguments) -> Bool) {
      self.text = text
      self.isBroken = isBroken
    }

    /// The sentence with the parameters as they are spelled where they are read.
    func sentence(_ spelling: (String) -> String) -> String {
      text.split(separator: "{", omittingEmptySubsequences: false).map { part in
        guard let end = part.firstIndex(of: "}") else { return String(part) }
        return spelling(String(part[..<end])) + part[part.index(after: end)...]
      }.joined()
    }
  }

  /// What it is called.
  package let name: String
  /// The verb of the command line.
  package let verb: String
  /// The path of the route, with the node in braces.
  package let path: String
  /// What it answers, in one sentence.
  package let summary: String
  package let parameters: [Parameter]
  /// Those parameters that the command line takes without a name, in order.
  package let positional: [String]
  package let rules: [Rule]
  package let shape: Shape
  /// What one row is called in OpenAPI's document.
  package let schema: String
  package let columns: [ColumnDescription]
  /// The order of the rows, for documents.
  package let order: String
  /// Fills in what follows from arguments that are not given.
  let settle: @Sendable (inout Arguments) -> Void
  /// Whether rows answer it.
  let isFound: @Sendable ([JSONValue]) -> Bool
  /// What is said where nothing is found.
  package let nothing: @Sendable (Arguments, Answer, Zone) -> String
  /// Reads a page of the answer from one snapshot.
  let read: @Sendable (borrowing HistoryReader, Arguments, inout Answer) throws -> Void

  /// How a question is asked.
  struct Asked {
    var name: String
    var verb: String
    var path: String
    var summary: String
    var parameters: [Parameter] = []
    var positional: [String] = []
    var rules: [Rule] = []
    var settle: @Sendable (inout Arguments) -> Void = { _ in }
  }

  /// What its answer looks like.
  struct Answered {
    var shape = Shape.rows
    var schema: String
    var columns: [ColumnDescription]
    var order: String
    var isFound: @Sendable ([JSONValue]) -> Bool = { !$0.isEmpty }
    var nothing: @Sendable (Arguments, Answer, Zone) -> String
  }

  init(
    _ asked: Asked, _ answered: Answered,
    read: @escaping @Sendable (borrowing HistoryReader, Arguments, inout Answer) throws -> Void
  ) {
    name = asked.name
    verb = asked.verb
    path = asked.path
    summary = asked.summary
    parameters = asked.parameters
    positional = asked.positional
    rules = asked.rules
    settle = asked.settle
    shape = answered.shape
    schema = answered.schema
    columns = answered.columns
    order = answered.order
    isFound = answered.isFound
    nothing = answered.nothing
    self.read = read
  }

  /// Every question, in the order in which documents list them.
  package static let all: [Question] = [
    .nodes, .state, .history, .diff, .sources, .types, .holders, .firstSeen, .rollout, .rollup,
    .changes, .changeGroups,
  ]

  /// Whether it looks at one node alone.
  package var isOfOneNode: Bool { parameters.contains { $0.isInPath } }

  /// Whether its answer comes in pages.
  package var isPaged: Bool { parameters.contains { $0.name == "limit" } }

  /// How a request names it, for arguments: the path, and the query's names with their values.
  package func request(
    _ arguments: Arguments, encoding: (String) -> String
  ) -> (path: String, query: String) {
    var path = path
    var query: [String] = []
    for parameter in parameters {
      for text in arguments.portable(parameter) {
        if parameter.isInPath {
          path = path.split(separator: "{\(parameter.name)}", omittingEmptySubsequences: false)
            .joined(separator: encoding(text))
        } else {
          query.append("\(parameter.name)=\(encoding(text))")
        }
      }
    }
    return (path, query.joined(separator: "&"))
  }
}

extension Question.Rule {
  static let momentOrRange = Self(
    "{at} is one time, {from} and {to} are a range: give one or the other"
  ) { $0.time("at") != nil && $0.hasRange }
  static let someRange = Self("the range from {from} to {to} is empty") {
    $0.time("from") != nil && $0.time("from") == $0.time("to")
  }
}
