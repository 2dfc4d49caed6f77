/// Every limit a report is held to, by name; the defaults are those of Systems Manager.
public struct ReportLimits: Sendable, Hashable {
  /// Inventory types in one report.
  ///
  /// Source: PutInventory Items [1..30].
  public var entriesMax = 30
  /// Items of one type.
  ///
  /// Source: InventoryItem Content [0..10000].
  public var itemsMax = 10_000
  /// Attributes of one item.
  ///
  /// Source: [0..50 entries].
  public var attributesMax = 50
  /// Characters of an attribute's name, at least 1.
  ///
  /// Source: AttributeName 1..64.
  public var attributeNameLengthMax = 64
  /// Characters of an attribute's value.
  ///
  /// Source: AttributeValue 0..4096.
  public var attributeValueLengthMax = 4096
  /// Bytes of a whole report; at most ``bodyBytesCeiling``.
  ///
  /// Source: 1 MB per node and call.
  public var bodyBytesMax = 1 << 20
  /// How deeply a body may nest; a valid one has 5 levels.
  public var nestingDepthMax = 16
  /// Bytes of a node id; it must fit a key of 511 bytes.
  public var nodeIDBytesMax = 128
  /// Characters of a ContentHash.
  ///
  /// Source: ..256.
  public var contentHashLengthMax = 256
  /// How far ahead of our clock a capture time may lie, in seconds.
  public var captureTimeAheadSecondsMax: Int64 = 86400

  /// What `bodyBytesMax` can be raised to: the agent's own ceiling of 10 MiB of items a call, and what is
  /// around them.
  public static let bodyBytesCeiling = 12 << 20
  /// Bytes of the items of one type, with the Context's attributes in each of them.
  ///
  /// More than a whole body has: only a Context makes more of its bytes than they are.
  public static let contentBytesMax = 16 << 20
  /// What `entriesMax` can be raised to: so many times ``contentBytesMax`` fit a log record.
  public static let entriesCeiling = 64
  /// What the attributes of one item can take, in bytes, where limits are raised: a page of a thousand
  /// contents is addressed by 32 bits.
  public static let itemBytesCeiling = 2 << 20
  /// Characters of a type name.
  ///
  /// Source: 1..100.
  public static let typeNameLengthMax = 100

  /// The limits of Systems Manager.
  public static let `default` = ReportLimits()

  /// Makes the default limits.
  public init() {}
}
