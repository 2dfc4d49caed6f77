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
  /// Open connections from one address, of which more are closed; nil for half of all.
  package var connectionsPerAddressMax: Int?
  /// Requests that are worked on; more are answered with ThrottlingException.
  package var requestsInFlightMax = 512
  /// Requests of one key that are worked on; nil for half of all.
  package var requestsPerKeyMax: Int?
  /// Requests from one address that are worked on; nil for half of all.
  package var requestsPerAddressMax: Int?
  /// Requests that nobody signed, which are worked on.
  package var unsignedRequestsMax = 8
  /// Bytes of the body of a request that nobody signed: a registration has two thousand.
  package var unsignedBodyBytesMax = 16 << 10
  /// Bytes of bodies that are held at a time; more are answered with ThrottlingException.
  package var bodyBytesInFlightMax = 256 << 20
  /// Bytes of answers that are held until clients take them; more are answered with ThrottlingException.
  package var answerBytesInFlightMax = 256 << 20
  /// Bytes of a body or an answer that are not counted: the number of connections is their limit.
  package var uncountedBytesMax = 16 << 10
  /// Requests that may come before the answer to the one before them; a client that sends more is cut off.
  package var pipelinedRequestsMax = 256
  /// Bytes of bodies of such requests.
  package var pipelinedBytesMax = 1 << 20
  /// Seconds in which a request must be sent, from its first byte to its last.
  package var secondsToSendMax: Int64 = 30
  /// Seconds in which a client must take something of its answer.
  package var secondsToReadMax: Int64 = 30
  /// Seconds that a connection may be idle between requests.
  package var secondsIdleMax: Int64 = 120
  /// The same, and to send a request, where more than three of four connections are taken.
  package var secondsIdleCrowdedMax: Int64 = 5
  /// Seconds in which a question must be answered, from its arrival on; then it is given up.
  package var secondsToAnswerMax: Int64 = 60
  /// Questions that wait to be answered; more are answered with ThrottlingException.
  package var questionsWaitingMax = 256
  /// Clients that wait for changes, by long polls and event streams.
  package var waitsMax = 1024

  package init() {}
}
