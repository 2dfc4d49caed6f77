internal import CExpat

/// Reads XML piece by piece through libexpat and tells a handler what is in it.
///
/// Document types are refused, so that there are no entities but the five of XML and numbers: nothing
/// that grows, and nothing that leads to another file. Names are as the document has them, prefix
/// included. Memory: what the limits allow, however long the document is.
///
/// Safe because the parser is its own, and is freed with it.
@safe package final class XMLReader {
  /// Bytes that libexpat gets at once.
  private static let pieceBytes = 1 << 16

  private let parser: OpaquePointer
  private let handler: any XMLHandler
  private let limits: XMLLimits
  private var fedCount = 0
  private var fault: XMLFault?
  private var depth = 0
  /// The depth of the element that is passed over; nil where none is.
  private var hiddenDepth: Int?
  /// The depth of the element whose text is kept; nil where none is.
  private var textDepth: Int?
  private var text: [UInt8] = []
  /// The elements that were told of and have not ended.
  private var names: [String] = []

  /// Begins a document.
  ///
  /// Calls `XML_ParserCreate`.
  package init(_ handler: any XMLHandler, limits: XMLLimits = XMLLimits()) {
    guard let parser = unsafe XML_ParserCreate(nil) else {
      preconditionFailure("no memory for libexpat")
    }
    unsafe self.parser = parser
    self.handler = handler
    self.limits = limits
    // The parser goes with this object, so that it never calls one that is gone.
    unsafe XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
    unsafe XML_SetElementHandler(
      parser,
      { unsafe reader($0)?.begin($1, XMLAttributes($2)) },
      { data, _ in unsafe reader(data)?.end() })
    unsafe XML_SetCharacterDataHandler(parser) { data, bytes, count in
      unsafe reader(data)?.add(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
    unsafe XML_SetCommentHandler(parser) { data, _ in unsafe reader(data)?.measure() }
    unsafe XML_SetProcessingInstructionHandler(parser) { data, _, _ in
      unsafe reader(data)?.measure()
    }
    unsafe XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, _ in
      unsafe reader(data)?.stop("document types are refused")
    }
  }

  deinit { unsafe XML_ParserFree(parser) }

  /// Reads on; throws where what came so far is no document.
  ///
  /// Calls `XML_Parse`.
  package func take(_ bytes: [UInt8]) throws(XMLFault) {
    var start = 0
    while start < bytes.count {
      let count = min(bytes.count - start, Self.pieceBytes)
      let isRead = unsafe bytes.withUnsafeBytes { buffer in
        unsafe XML_Parse(
          parser,
          buffer.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self),
          Int32(count), 0) == XML_STATUS_OK
      }
      try check(isRead)
      start += count
      fedCount += count
      guard unsafe fedCount - max(0, XML_GetCurrentByteIndex(parser)) <= heldBytesMax else {
        stop(tooLong)
        return try check(false)
      }
    }
  }

  /// Bytes that libexpat can hold back of a tag that keeps to its limit.
  ///
  /// Some versions look at a tag that has no end yet only when it is twice as long as when they last
  /// looked, others at every piece.
  private var heldBytesMax: Int { 2 * (limits.tagBytesMax + Self.pieceBytes) }

  private var tooLong: String { "a tag has more than \(limits.tagBytesMax) bytes" }

  /// Ends the document; throws where its end is missing.
  package func finish() throws(XMLFault) {
    try check(unsafe XML_Parse(parser, "", 0, 1) == XML_STATUS_OK)
  }

  private func check(_ isRead: Bool) throws(XMLFault) {
    if !isRead, fault == nil {
      let reason = unsafe XML_ErrorString(XML_GetErrorCode(parser))
        .map { unsafe String(cString: $0) }
      fault = XMLFault(line: line, reason: reason ?? "it is no XML")
    }
    if let fault { throw fault }
  }

  /// Holds a tag, comment or instruction that has ended to its limit; true where it keeps to it.
  ///
  /// Calls `XML_GetCurrentByteCount`, which tells the length of what the handler is called for,
  /// however the bytes came.
  @discardableResult
  private func measure() -> Bool {
    guard fault == nil else { return false }
    if unsafe Int(XML_GetCurrentByteCount(parser)) > limits.tagBytesMax { stop(tooLong) }
    return fault == nil
  }

  private var line: Int { unsafe Int(XML_GetCurrentLineNumber(parser)) }

  private func stop(_ reason: String) {
    guard fault == nil else { return }
    fault = XMLFault(line: line, reason: reason)
    unsafe XML_StopParser(parser, 0)
  }

  // libexpat can tell what it has begun to tell after it was stopped.

  private func begin(_ name: UnsafePointer<CChar>?, _ attributes: consuming XMLAttributes) {
    guard measure(), let name = unsafe name else { return }
    depth += 1
    guard depth <= limits.depthMax else {
      return stop("there are more than \(limits.depthMax) elements inside each other")
    }
    guard hiddenDepth == nil, textDepth == nil else { return }
    let begun = unsafe String(cString: name)
    names.append(begun)
    switch handler.begins(begun, attributes) {
    case .nothing: hiddenDepth = depth
    case .children: break
    case .text:
      textDepth = depth
      text.removeAll(keepingCapacity: true)
    }
  }

  private func end() {
    guard fault == nil else { return }
    defer { depth -= 1 }
    if let shown = hiddenDepth ?? textDepth, depth > shown { return }
    let name = names.removeLast()
    let isHidden = hiddenDepth != nil
    let isText = textDepth != nil
    (hiddenDepth, textDepth) = (nil, nil)
    if !isHidden { handler.ends(name, text: isText ? String(decoding: text, as: UTF8.self) : "") }
  }

  private func add(_ bytes: UnsafeBufferPointer<CChar>) {
    guard fault == nil, textDepth == depth else { return }
    guard bytes.count <= limits.textBytesMax - text.count else {
      return stop("a text has more than \(limits.textBytesMax) bytes")
    }
    unsafe text.append(contentsOf: UnsafeRawBufferPointer(bytes))
  }
}

private func reader(_ data: UnsafeMutableRawPointer?) -> XMLReader? {
  unsafe data.map { unsafe Unmanaged<XMLReader>.fromOpaque($0).takeUnretainedValue() }
}

/// The attributes of an element while it begins.
///
/// It cannot be copied and only be borrowed, so that it does not outlive libexpat's memory: which makes it safe.
@safe package struct XMLAttributes: ~Copyable {
  /// Names and values by turns, and nil behind the last.
  private let pairs: UnsafeMutablePointer<UnsafePointer<CChar>?>?

  fileprivate init(_ pairs: UnsafeMutablePointer<UnsafePointer<CChar>?>?) {
    unsafe self.pairs = pairs
  }

  /// The value of an attribute; nil where there is none of that name.
  package subscript(name: String) -> String? {
    guard let pairs = unsafe pairs else { return nil }
    var index = 0
    while let key = unsafe pairs[index], let value = unsafe pairs[index + 1] {
      if unsafe String(cString: key) == name { return unsafe String(cString: value) }
      index += 2
    }
    return nil
  }
}
