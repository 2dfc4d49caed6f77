/// What an entry of a report says before its content, as text, not yet checked.
struct EntryHead {
  var type: TypeName
  var schemaVersion: String?
  var captureTime: String?
  var contentHash: String?

  /// Checks everything but the content.
  func checked(
    hasContent: Bool, limits: ReportLimits, now: Instant
  ) throws(ReportError) -> CanonicalReport.Entry {
    guard let schemaVersion else {
      throw ReportError(.invalidRequest, "SchemaVersion is missing")
    }
    guard Self.isVersion(schemaVersion) else {
      throw ReportError(
        .unsupportedSchemaVersion,
        "a schema version looks like 1.0, not \"\(schemaVersion.printable)\"")
    }
    let versions = TypeDefinition.of(type).versions
    // In unchanged statements the real agent sends another type's version: not held against it.
    guard !hasContent || versions.isEmpty || versions.contains(schemaVersion) else {
      throw ReportError(
        .unsupportedSchemaVersion,
        "schema version \(schemaVersion) is not one of \(versions.joined(separator: ", "))")
    }
    guard let captureTime else {
      throw ReportError(.invalidCaptureTime, "CaptureTime is missing")
    }
    guard let time = Instant(captureTime: captureTime) else {
      throw ReportError(
        .invalidCaptureTime,
        "CaptureTime is a date like 2026-03-03T09:00:00Z, not \"\(captureTime.printable)\"")
    }
    try Self.check(time, limits: limits, now: now)
    if let contentHash, contentHash.unicodeScalars.count > limits.contentHashLengthMax {
      throw ReportError(
        .invalidRequest,
        "ContentHash has at most \(limits.contentHashLengthMax) characters")
    }
    let hash = contentHash.flatMap { $0.isEmpty ? nil : $0 }
    guard hasContent || hash != nil else {
      throw ReportError(
        .invalidItemContent, "there is neither Content nor ContentHash: send one of them")
    }
    return CanonicalReport.Entry(
      type: type, schemaVersion: schemaVersion, captureTime: time, contentHash: hash, content: nil)
  }

  /// Throws for a valid time outside 2000 to 2099 or too far ahead of the clock.
  ///
  /// Source: InventoryItemCaptureTime begins with 20.
  static func check(_ time: Instant, limits: ReportLimits, now: Instant) throws(ReportError) {
    let year = CivilTime(time).year
    guard (2000...2099).contains(year) else {
      throw ReportError(.invalidCaptureTime, "CaptureTime \(time) is not in 2000 to 2099")
    }
    guard time <= now.advanced(bySeconds: limits.captureTimeAheadSecondsMax) else {
      throw ReportError(
        .invalidCaptureTime,
        "CaptureTime \(time) lies more than \(limits.captureTimeAheadSecondsMax) s ahead of "
          + "this clock, which says \(now)")
    }
  }

  /// Whether a text is `digits.digits`, 1 to 6 each.
  static func isVersion(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: 0x2e, omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy {
        (1...6).contains($0.count) && $0.allSatisfy { (48...57).contains($0) }
      }
  }
}
