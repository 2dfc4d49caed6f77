internal import CYAML

/// Reads YAML documents through libyaml.
///
/// Safe because parser and document are its own, and are freed before it returns.
@safe package enum YAMLReader {
  /// Values in each other; configurations have four.
  private static let depthMax = 32
  /// Values in all: aliases can make many of few bytes.
  private static let countMax = 100_000

  /// The one document in bytes; nil where there is none but blanks and comments.
  ///
  /// Calls `yaml_parser_load`. Tags are passed over. Who calls limits the bytes.
  package static func document(_ bytes: [UInt8]) throws(YAMLFault) -> YAMLNode? {
    var parser = unsafe yaml_parser_t()
    guard unsafe yaml_parser_initialize(&parser) == 1 else {
      preconditionFailure("no memory for libyaml")
    }
    defer { unsafe yaml_parser_delete(&parser) }
    let result: Result<YAMLNode?, YAMLFault> = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
      do throws(YAMLFault) {
        guard let node = try unsafe next(&parser) else { return .success(nil) }
        if let second = try unsafe next(&parser) {
          throw YAMLFault(line: second.line, place: "", reason: "a second document begins")
        }
        return .success(node)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private static func next(_ parser: inout yaml_parser_t) throws(YAMLFault) -> YAMLNode? {
    var document = unsafe yaml_document_t()
    guard unsafe yaml_parser_load(&parser, &document) == 1 else {
      let reason = unsafe parser.problem.map { unsafe String(cString: $0) }
      let line = unsafe parser.problem_mark.line
      throw YAMLFault(line: Int(line) + 1, place: "", reason: reason ?? "it is no YAML")
    }
    defer { unsafe yaml_document_delete(&document) }
    guard let root = unsafe yaml_document_get_root_node(&document) else { return nil }
    var count = 0
    return try unsafe value(root, &document, place: "", depth: 0, &count)
  }

  private static func value(
    _ node: UnsafeMutablePointer<yaml_node_t>, _ document: inout yaml_document_t, place: String,
    depth: Int, _ count: inout Int
  ) throws(YAMLFault) -> YAMLNode {
    let line = unsafe Int(node.pointee.start_mark.line) + 1
    count += 1
    guard depth <= depthMax, count <= countMax else {
      throw YAMLFault(
        line: line, place: place,
        reason: "more than \(depthMax) values in each other, or \(countMax) in all")
    }
    func child(_ index: Int32, _ name: String) throws(YAMLFault) -> YAMLNode {
      guard let node = unsafe yaml_document_get_node(&document, index) else {
        throw YAMLFault(line: line, place: place, reason: "a value is not there")
      }
      return try unsafe value(
        node, &document, place: place.isEmpty ? name : "\(place).\(name)", depth: depth + 1, &count)
    }
    switch unsafe node.pointee.type {
    case YAML_SCALAR_NODE:
      let isPlain = unsafe node.pointee.data.scalar.style == YAML_PLAIN_SCALAR_STYLE
      let text = unsafe text(node)
      return YAMLNode(value: .text(text, isPlain: isPlain), line: line, place: place)
    case YAML_SEQUENCE_NODE:
      let items = unsafe node.pointee.data.sequence.items
      var nodes: [YAMLNode] = []
      for at in unsafe 0..<(items.top - items.start) {
        nodes.append(try unsafe child(items.start[at], "\(at)"))
      }
      return YAMLNode(value: .list(nodes), line: line, place: place)
    case YAML_MAPPING_NODE:
      let pairs = unsafe node.pointee.data.mapping.pairs
      var members: [(key: String, value: YAMLNode)] = []
      for at in unsafe 0..<(pairs.top - pairs.start) {
        let pair = unsafe pairs.start[at]
        guard case .text(let key, _) = try child(pair.key, "key").value else {
          throw YAMLFault(line: line, place: place, reason: "a key is no text")
        }
        members.append((key, try child(pair.value, key)))
      }
      return YAMLNode(value: .mapping(members), line: line, place: place)
    default:
      throw YAMLFault(line: line, place: place, reason: "a value of no known kind")
    }
  }

  private static func text(_ node: UnsafeMutablePointer<yaml_node_t>) -> String {
    let scalar = unsafe node.pointee.data.scalar
    return unsafe String(
      decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
  }
}
