import AWSProtocol
import HistoryStore

extension AWSError {
  /// Any error as a client sees it.
  init(naming error: any Error) {
    switch error {
    case let error as AWSError: self = error
    case let error as StoreError where error.code == .diskFull || error.code == .mapFull:
      // The client may know: it is no secret, and nothing of the request was stored.
      self.init("InternalServerError", error.message, status: 500)
      cause = error.description
    case let error as StoreError where error.damage?.node != nil:
      // Of the caller's own scope: who asks can ask for the others meanwhile.
      self.init(
        "InternalServerError", "What is stored cannot be read: \(error.message).", status: 500)
      cause = error.description
    default:
      self = .internalError
      cause = "\(error)"
    }
  }
}

extension ServedOperation {
  /// Answers a request; throws ``AWSError`` alone.
  func namedAnswer(_ body: [UInt8], for caller: Caller) async throws(AWSError) -> AWSReply {
    do { return try await answer(body, for: caller) } catch { throw AWSError(naming: error) }
  }
}
