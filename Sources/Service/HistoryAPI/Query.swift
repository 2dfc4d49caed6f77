import PlainText
import Questions

/// The query of a request, as names and values.
enum Query {
  /// Bytes of a query that are looked at.
  static let bytesMax = 8192

  /// Reads a query; refuses names that there are not, and names that are there twice and cannot be.
  static func read(
    _ text: String, _ parameters: [Parameter]
  ) throws(APIError) -> [String: [String]] {
    guard text.utf8.count <= bytesMax else {
      throw .bad("the query is longer than \(bytesMax) bytes")
    }
    var query: [String: [String]] = [:]
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = percentDecoded(parts[0], plusIsBlank: true),
        let value = percentDecoded(parts.count > 1 ? parts[1] : "", plusIsBlank: true)
      else { throw .bad("the query is not percent-encoded UTF-8") }
      guard let parameter = parameters.first(where: { $0.name == name }) else {
        let known = parameters.map(\.name).joined(separator: ", ")
        throw .bad(
          "there is no parameter \"\(name.onOneLine)\" here"
            + (known.isEmpty ? "" : "; there are \(known)"))
      }
      guard query[name] == nil || parameter.isRepeatable else {
        throw .bad("the parameter \(name) is there twice")
      }
      query[name, default: []].append(value)
    }
    return query
  }
}
