extension [UInt8] {
  /// The bytes, for as long as the array is borrowed.
  ///
  /// What the standard library has for spans is unsafe, because fields of other elements can have gaps
  /// between them: a byte has none.
  @inlinable public var rawSpan: RawSpan {
    @_lifetime(borrow self)
    get { unsafe span.bytes }
  }
}
