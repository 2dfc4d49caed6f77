import JSONTape

extension Deed {
  /// What a request changed that was answered well; nil for one that changes nothing of its own.
  ///
  /// - Parameter told: the members of requests and answers that say what was changed, and what they are
  ///   called here.
  init?(
    _ request: AWSRequest, _ answer: JSONValue, of operation: OperationTraits,
    _ told: [String: String]
  ) {
    guard operation.isAudited, !request.flag("DryRun") else { return nil }
    var objects: [Object] = []
    // Some answers describe what was changed in a member.
    for value in [request.input, answer] + answer.members.map(\.value) {
      for member in value.members {
        guard let name = told[member.name], !objects.contains(where: { $0.name == name })
        else { continue }
        objects.append(Object(name, Self.text(of: member.value)))
      }
    }
    if let node = request.caller.node, !objects.contains(where: { $0.name == "instanceId" }) {
      objects.append(Object("instanceId", node))
    }
    self.init(
      operation.name, objects,
      isRoutine: operation.access == .writeNode && !request.caller.may(.write))
  }

  /// Texts as they are, lists of texts with commas, tags by their keys, targets with their values, of other
  /// lists the length.
  private static func text(of value: JSONValue) -> String {
    if let text = value.text { return text }
    let texts = value.elements.compactMap { element -> String? in
      if let text = element.text { return text }
      guard let key = element["Key"]?.text else { return nil }
      return element["Values"].map { "\(key)=\($0.texts.joined(separator: "|"))" } ?? key
    }
    return texts.isEmpty ? String(value.elements.count) : texts.joined(separator: ",")
  }
}
