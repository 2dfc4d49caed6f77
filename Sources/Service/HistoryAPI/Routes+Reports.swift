import AccessKeys
import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import Questions

extension HistoryAPI {
  /// Reports that one request may bring; more are refused before the first is read.
  static let reportsMax = 10_000
  /// Refused reports that an answer names one by one; of the others it tells how many there were.
  static let refusalsMax = 100

  /// Records the report of a request, or one from each of its lines.
  func record(_ request: APIRequest) async throws -> Route.Found {
    let type = request.contentType?.split(separator: ";").first?.lowercased() ?? ""
    var rows: [JSONValue] = []
    switch type {
    case Format.json.rawValue:
      rows = [Self.recorded(try await record(request.body, request))]
    case Format.ndjson.rawValue: rows = try await recordLines(request)
    default:
      throw APIError(
        415, "unsupportedMediaType",
        "reports are \(Format.json.rawValue), or \(Format.ndjson.rawValue) for many")
    }
    return .list(rows, columns: FlatColumns(Self.recordedColumns.names))
  }

  /// Each line by itself: one that is refused keeps none of the others.
  private func recordLines(_ request: APIRequest) async throws -> [JSONValue] {
    let lineFeed = UInt8(ascii: "\n")
    let count =
      request.body.count { $0 == lineFeed } + (request.body.last == lineFeed ? 0 : 1)
    guard count <= Self.reportsMax else {
      throw APIError(
        413, "tooManyReports",
        "a request has at most \(Self.reportsMax) lines with a report each; this one has \(count)")
    }
    var rows: [JSONValue] = []
    var refusals = 0
    for (index, body) in request.body.split(separator: lineFeed, omittingEmptySubsequences: false)
      .enumerated() where !body.isEmpty
    {
      let refused: (message: String, code: String)
      do {
        rows.append(Self.recorded(try await record(Array(body), request)))
        continue
      } catch let error as APIError {
        refused = (error.message, error.code)
      } catch let error as ReportError {
        refused = (error.description, error.code.rawValue)
      }
      refusals += 1
      guard refusals <= Self.refusalsMax else { continue }
      rows.append(
        .object([
          .init("line", .count(index + 1)), .init("error", .string(refused.message)),
          .init("code", .string(refused.code)),
        ]))
    }
    if refusals > Self.refusalsMax {
      let further = refusals - Self.refusalsMax
      rows.append(
        .object([
          .init("error", .string("\(further) more lines were refused")),
          .init("code", .string("furtherErrors")), .init("count", .count(further)),
        ]))
    }
    return rows
  }

  private func record(_ body: [UInt8], _ request: APIRequest) async throws -> Receipt {
    let receipt = try await store.record(json: body, in: request.scope) { report in
      if let objection = request.caller.objection(to: report) {
        throw APIError(403, "accessDenied", objection)
      }
    }
    if let deed = Deed(report: receipt, "v1-reports", by: request.caller) { request.onDeed(deed) }
    return receipt
  }

  private static func recorded(_ receipt: Receipt) -> JSONValue {
    .object([
      .init("node", .string(receipt.node.text)),
      .init("sequence", receipt.sequence.map { .integer(Int64(clamping: $0.value)) } ?? .null),
      .init("items", .count(receipt.itemCount)), .init("changes", .count(receipt.changeCount)),
    ])
  }
}
