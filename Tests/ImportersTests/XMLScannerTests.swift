import CollectionSupport
import Testing

@testable import Importers

struct XMLScannerTests {
  private func events(_ text: String) throws -> [XMLScanner.Event] {
    var scanner = XMLScanner(Array(text.utf8))
    var events: [XMLScanner.Event] = []
    while let event = try scanner.next() { events.append(event) }
    return events
  }

  @Test func `elements, text and CDATA come in their order`() throws {
    let text = """
      <?xml version="1.0"?><!-- <no> --><A x="1>2" y='"'><B/><c.d-e_f:g >&lt;&#65;&#x42;&amp;\
      </c.d-e_f:g><![CDATA[<&>]]></A>

      """
    #expect(
      try events(text) == [
        .start("A"), .start("B"), .end("B"), .start("c.d-e_f:g"), .text("<AB&"),
        .end("c.d-e_f:g"), .text("<&>"), .end("A"),
      ])
    #expect(try events("<a><![CDATA[]]></a>") == [.start("a"), .text(""), .end("a")])
  }

  @Test(arguments: [
    "", " ", "x", "<", "<a", "<a>", "<a></b>", "</a>", "<a/><b/>", "<a/>x", "<a>&b;</a>",
    "<a>&#xd800;</a>", "<a>&#1114112;</a>", "<a>&#;</a>", "<a>&", "<a b='></a>", "<a <b></a>",
    "<!DOCTYPE a><a/>", "<a><!ENTITY b 'c'></a>", "<![CDATA[a]]>", "<a><![CDATA[a]]</a>", "< a/>",
    "<!-- ", "<?x", "<a><![CDATA[",
  ])
  func `what is no document is a fault`(text: String) {
    #expect(throws: XMLScanner.Fault.self) { try events(text) }
  }

  @Test func `a fault names its line, and depth has an end`() {
    let fault = #expect(throws: XMLScanner.Fault.self) { try events("<a>\n\n</b>") }
    #expect(fault?.line == 3)
    #expect(throws: XMLScanner.Fault.self) {
      try events(String(repeating: "<a>", count: 100_000))
    }
  }

  @Test func `bytes of any kind end in events or a fault`() {
    var random = SplitMix64(seed: 23)
    let parts = ["<", ">", "/", "a", "&", ";", "<!--", "-->", "<![CDATA[", "]]>", "\"", " ", "#"]
    for round in 0..<2000 {
      let text = (0..<round % 40).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
      _ = try? events("<a>" + text + "</a>")
    }
  }
}
