import ArgumentParser
import Server

/// What a client, and all of them, can ask of the server.
struct LoadOptions: ParsableArguments {
  @Option(help: "Open connections at most. (default: 4096)")
  var connectionsMax: Int?
  @Option(help: "Open connections from one address at most. (default: half of all)")
  var connectionsPerAddressMax: Int?
  @Option(help: "Requests at a time at most; more are told to come back. (default: 512)")
  var requestsInFlightMax: Int?
  @Option(help: "Requests of one key at a time at most. (default: half of all)")
  var requestsPerKeyMax: Int?
  @Option(help: "Requests from one address at a time at most. (default: half of all)")
  var requestsPerAddressMax: Int?
  @Option(help: "Bytes of bodies that are held at a time at most. (default: 268435456)")
  var bodyBytesInFlightMax: Int?
  @Option(help: "Bytes of answers that clients have not taken yet at most. (default: 268435456)")
  var answerBytesInFlightMax: Int?
  @Option(help: "Questions that wait to be answered at most. (default: 256)")
  var questionsWaitingMax: Int?
  @Option(help: "Seconds in which a question is answered, or given up. (default: 60)")
  var secondsToAnswerMax: Int?
  @Option(help: "Clients that wait for changes at most. (default: 1024)")
  var waitsMax: Int?
  @Option(help: "Seconds a client may take to send a request. (default: 30)")
  var secondsToSendMax: Int?
  @Option(help: "Seconds in which a client must take something of its answer. (default: 30)")
  var secondsToReadMax: Int?

  /// Sets what is set of the limits, by option, environment or file.
  func apply(to limits: inout ServerLimits, _ settings: ServeSettings) throws {
    func number(_ name: String, _ flag: Int?, _ range: ClosedRange<Int>) throws -> Int? {
      try settings.number(name, flag, in: range)
    }
    let (counts, seconds) = (1...1_000_000, 1...3600)
    if let count = try number("connectionsMax", connectionsMax, counts) {
      limits.connectionsMax = count
    }
    if let count = try number("requestsInFlightMax", requestsInFlightMax, 1...100_000) {
      limits.requestsInFlightMax = count
    }
    let bytes = 1...(1 << 40)
    if let count = try number("bodyBytesInFlightMax", bodyBytesInFlightMax, bytes) {
      limits.bodyBytesInFlightMax = count
    }
    if let count = try number("answerBytesInFlightMax", answerBytesInFlightMax, bytes) {
      limits.answerBytesInFlightMax = count
    }
    if let count = try number("questionsWaitingMax", questionsWaitingMax, counts) {
      limits.questionsWaitingMax = count
    }
    if let count = try number("waitsMax", waitsMax, counts) { limits.waitsMax = count }
    limits.connectionsPerAddressMax = try number(
      "connectionsPerAddressMax", connectionsPerAddressMax, counts)
    limits.requestsPerKeyMax = try number("requestsPerKeyMax", requestsPerKeyMax, counts)
    limits.requestsPerAddressMax = try number(
      "requestsPerAddressMax", requestsPerAddressMax, counts)
    if let count = try number("secondsToSendMax", secondsToSendMax, seconds) {
      limits.secondsToSendMax = Int64(count)
    }
    if let count = try number("secondsToReadMax", secondsToReadMax, seconds) {
      limits.secondsToReadMax = Int64(count)
    }
    if let count = try number("secondsToAnswerMax", secondsToAnswerMax, seconds) {
      limits.secondsToAnswerMax = Int64(count)
    }
  }
}
