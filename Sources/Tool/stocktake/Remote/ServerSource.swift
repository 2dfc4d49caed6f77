import AWSClient
import NIOHTTP1
import Inventory
import JSONTape
import PlainText
import Questions

/// Answers from a server, in place of a store.
struct ServerSource: QuestionSource {
  private let server: RemoteServer

  init(_ server: RemoteServer) { self.server = server }

  var rowsMax: Int { Parameter.limitMax }

  func ask(_ question: Question, _ arguments: Arguments) throws -> Answer {
    let request = question.request(arguments, encoding: percentEncoded)
    let found = try server.get(request.path, request.query)
    guard let value = try? JSONValue(parsing: found.body) else {
      throw server.isNoJSON
    }
    var rows = [value]
    if case .array(let list) = value { rows = list }
    var answer = Answer()
    answer.next = found.headers.first(name: "X-Stocktake-Next").flatMap {
      percentDecoded($0[...], plusIsBlank: false)
    }
    answer.leftOut = found.headers.first(name: "X-Stocktake-Left-Out").flatMap { Int($0) } ?? 0
    answer.compared = found.headers.first(name: "X-Stocktake-Compared").flatMap { field in
      ComparedStates(field: field) { percentDecoded($0, plusIsBlank: false) }
    }
    switch question.shape {
    case .rows: answer.rows = rows
    case .states:
      let isFiltered = arguments.text("name") != nil
      answer.states = rows.map { StateAnswer(json: $0, isFiltered: isFiltered) }
    }
    return answer
  }
}
