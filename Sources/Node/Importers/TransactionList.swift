import Inventory

/// A transaction of a package manager as an item.
struct LoggedTransaction: Sendable {
  var start: Instant
  var end: Instant
  var item: Item
}

/// Transactions in the order of their ends.
///
/// A transaction is an event and no state. The state is therefore the list of all transactions so far,
/// of which each one makes a new observation at its end; it has the last ``ImportLimits/transactions``.
struct TransactionList: Sendable {
  let source: Report.Source
  let type: TypeName
  let transactions: [LoggedTransaction]

  init(of source: Report.Source, type: TypeName, transactions: [LoggedTransaction]) {
    self.source = source
    self.type = type
    self.transactions = transactions
  }

  /// One report for each second in which a transaction ended.
  func reports(node: NodeID) -> ImportedReports {
    let ends = transactions.indices.filter {
      $0 + 1 == transactions.count || transactions[$0 + 1].end > transactions[$0].end
    }
    return ImportedReports {
      AnyIterator(
        ends.lazy.map { last in
          let first = max(0, last + 1 - ImportLimits.transactions)
          let entry = Report.Entry(
            type: type, captureTime: transactions[last].end,
            content: transactions[first...last].map(\.item))
          return Report(node: node, entries: [entry], origin: .imported(source))
        }.makeIterator())
    }
  }
}
