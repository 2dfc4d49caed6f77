import LMDB

extension HistoryStore {
  /// The newest format that this code reads, and that of new stores.
  public static var newestFormat: Int { MetaRow.formatVersion }

  /// The format of the store's file, by docs/format.md.
  ///
  /// A store of an older format is read and written like any other; what came with a newer one is not there.
  public var format: Int {
    get throws(StoreError) { try read { snapshot in snapshot.meta.format } }
  }

  /// The store's id; nil in a store of format 1, which has none until ``upgrade(path:configuration:)``.
  public var id: StoreID? {
    get throws(StoreError) { try read { snapshot in snapshot.meta.id } }
  }

  /// What ``upgrade(path:configuration:)`` did.
  public struct Upgrade: Sendable, Hashable {
    /// The format before.
    public var from: Int
    /// The format now; the same where there was nothing to do.
    public var to: Int
  }

  /// Brings the store in a directory to ``newestFormat``, in one durable transaction.
  ///
  /// Programs of before do not read it afterwards, and say so. Throws ``StoreError`` as opening does, and
  /// `inUse` where another process has the store open: one of before, that knows nothing of the new format,
  /// would go on writing the old one. After an error, and after a crash, the store is of the format before.
  @discardableResult
  public static func upgrade(
    path: String, configuration: Configuration = Configuration()
  ) throws(StoreError) -> Upgrade {
    if let process = Environment.holder(ofFile: path + "/" + fileName) {
      throw StoreError(
        .inUse, "\(ProcessName(process)) has the store open: end it, upgrade, and start it again")
    }
    var configuration = configuration
    configuration.createsIfMissing = false
    let store = try HistoryStore(path: path, configuration: configuration)
    return try store.write { writer, _ throws(StoreError) in
      let before = writer.meta.format
      // Format 2: the store has an id.
      if writer.meta.id == nil { writer.meta.id = writer.makeID() }
      writer.meta.format = newestFormat
      return Upgrade(from: before, to: newestFormat)
    }
  }
}
