import Foundation

/// What a request says beside its content, read by Foundation.
struct ReportText: Decodable {
  struct Entry: Decodable {
    var TypeName: String
    var SchemaVersion: String
    var CaptureTime: String
  }

  var InstanceId: String
  var Items: [Entry]

  init(_ body: [UInt8]) throws {
    self = try JSONDecoder().decode(ReportText.self, from: Data(body))
  }

  /// The statement that nothing changed, without the content.
  func statement(hash: String) throws -> [UInt8] {
    guard let entry = Items.first else { throw Failure("a request has no entry") }
    return Array(
      (#"{"InstanceId":"\#(InstanceId)","Items":[{"TypeName":"\#(entry.TypeName)","#
        + #""SchemaVersion":"\#(entry.SchemaVersion)","CaptureTime":"\#(entry.CaptureTime)","#
        + #""ContentHash":"\#(hash)"}]}"#).utf8)
  }
}
