/// What a client can ask of the server at most; beyond it, requests are refused, not queued for ever.
package struct ServerLimits: Sendable {
  /// Bytes of a request's body: the 10 MiB of items that an agent sends in one call at most, and what is
  /// around them.
  package var bodyBytesMax = 11 << 20
  /// Bytes of all header fields of a request.
  package var headerBytesMax = 16 << 10
  /// Header fields of a request.
  package var headerCountMax = 100
  /// Bytes of a request's target.
  package var targetBytesMax = 8 << 10
  /// Open connections; more wait to be accepted.
  package var connectionsMax = 4096
  /// Requests that are worked on; more are answered with ThrottlingException.
  package var requestsInFlightMax = 512
  /// Bytes of bodies that are held at a time; more are answered with ThrottlingException.
  package var bodyBytesInFlightMax = 256 << 20
  /// Seconds in which a request must be sent, from its first byte to its last.
  package var secondsToSendMax: Int64 = 30
  /// Seconds that a connection may be idle between requests.
  package var secondsIdleMax: Int64 = 120

  package init() {}
}
