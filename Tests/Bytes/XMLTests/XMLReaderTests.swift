import CollectionSupport
import Testing

@testable import XML

/// Keeps what is told as one text for each event.
private final class Recorder: XMLHandler {
  var events: [String] = []
  /// Elements of which something else than the children is wanted.
  var interests: [String: XMLInterest] = [:]

  func begins(_ name: String, _ attributes: borrowing XMLAttributes) -> XMLInterest {
    events.append("<\(name)\(attributes["x"].map { " " + $0 } ?? "")")
    return interests[name] ?? .children
  }

  func ends(_ name: String, text: String) { events.append("\(name)>\(text)") }
}

struct XMLReaderTests {
  private func events(
    _ bytes: [UInt8], _ interests: [String: XMLInterest] = [:], pieces: Int = .max
  ) throws -> [String] {
    let recorder = Recorder()
    recorder.interests = interests
    let reader = XMLReader(recorder)
    var rest = bytes[...]
    while !rest.isEmpty {
      try reader.take(Array(rest.prefix(pieces)))
      rest = rest.dropFirst(pieces)
    }
    try reader.finish()
    return recorder.events
  }

  private func events(_ text: String) throws -> [String] { try events(Array(text.utf8)) }

  private let text = """
    <?xml version="1.0"?><!-- <no> --><A x="1>2" y='"'><B/>x<c.d-e_f:g >&lt;&#65;<in>no</in>&#x42;&amp;\
    </c.d-e_f:g><skip><B>b</B></skip><t x='&quot;ü'><![CDATA[<&>]]></t></A>

    """
  private let interests: [String: XMLInterest] = [
    "c.d-e_f:g": .text, "t": .text, "skip": .nothing,
  ]

  @Test(arguments: [1, 2, 3, 7, 64, 100_000])
  func `elements and texts that are wanted come in their order, however the bytes come`(
    pieces: Int
  ) throws {
    #expect(
      try events(Array(text.utf8), interests, pieces: pieces) == [
        "<A 1>2", "<B", "B>", "<c.d-e_f:g", "c.d-e_f:g><AB&", "<skip", "<t \"ü", "t><&>", "A>",
      ])
  }

  @Test func `other encodings are read as their declaration says`() throws {
    let latin: [UInt8] =
      Array("<?xml version='1.0' encoding='ISO-8859-1'?><a>".utf8) + [0xfc] + Array("</a>".utf8)
    #expect(try events(latin, ["a": .text]) == ["<a", "a>ü"])
    let fault = #expect(throws: XMLFault.self) {
      try events(Array("<a>\n".utf8) + [0xfc] + Array("</a>".utf8))
    }
    #expect(fault?.line == 2)
    #expect(throws: XMLFault.self) { try events("<?xml version='1.0' encoding='x-y'?><a/>") }
  }

  @Test(arguments: [
    "", " ", "x", "<", "<a", "<a>", "<a></b>", "</a>", "<a/><b/>", "<a/>x", "<a>&b;</a>",
    "<a>&#xd800;</a>", "<a>&#1114112;</a>", "<a>&#;</a>", "<a>&", "<a b='></a>", "<a <b></a>",
    "<!DOCTYPE a><a/>", "<a><!ENTITY b 'c'></a>", "<![CDATA[a]]>", "<a><![CDATA[a]]</a>", "< a/>",
    "<!-- ", "<?x", "<a><![CDATA[", "<a b='1' b='2'/>", "<a>\u{0}</a>",
  ])
  func `what is no document is a fault`(text: String) {
    #expect(throws: XMLFault.self) { try events(text) }
  }

  @Test func `a document that was cut anywhere is a fault`() {
    let bytes = Array(text.utf8)
    for count in 0..<(bytes.count - 1) {
      #expect(throws: XMLFault.self, "\(count)") {
        try events(Array(bytes.prefix(count)), interests)
      }
    }
  }

  @Test func `entities that grow or lead to a file are refused where they are declared`() throws {
    var bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY x0 \"aaaaaaaaaa\">"
    for n in 1...9 {
      bomb += "<!ENTITY x\(n) \"\(String(repeating: "&x\(n - 1);", count: 10))\">"
    }
    for text in [
      bomb + "]><a>&x9;</a>",
      "\n<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
    ] {
      let fault = #expect(throws: XMLFault.self) { try events(text) }
      #expect(fault == XMLFault(line: 2, reason: "document types are refused"))
    }
  }

  @Test func `a fault names its line and stays`() {
    let fault = #expect(throws: XMLFault.self) { try events("<a>\n\n</b>") }
    #expect(fault?.description == "line 3: mismatched tag")
    let reader = XMLReader(Recorder())
    #expect(throws: XMLFault.self) { try reader.take(Array("</a>".utf8)) }
    #expect(throws: XMLFault.self) { try reader.take(Array("<a/>".utf8)) }
    #expect(throws: XMLFault.self) { try reader.finish() }
  }

  @Test func `depth and texts have limits`() throws {
    let deep = Array(String(repeating: "<a>", count: 100_000).utf8)
    for interest in [XMLInterest.children, .nothing, .text] {
      let fault = #expect(throws: XMLFault.self) { try events(deep, ["a": interest]) }
      #expect(fault?.reason == "there are more than 32 elements inside each other")
    }
    let long = String(repeating: "x", count: (1 << 20) + 1)
    let text = Array("<a>\(long)</a>".utf8)
    let fault = #expect(throws: XMLFault.self) { try events(text, ["a": .text]) }
    #expect(fault?.reason == "a text has more than 1048576 bytes")
    #expect(try events(text) == ["<a", "a>"])
  }

  /// Versions of libexpat look at a tag without an end at different times, so the limit is the same
  /// for every length of the pieces and of what stands before.
  @Test(arguments: [1 << 13, 100_000, .max], [0, 1, 40_000])
  func `a tag, comment or instruction has the same limit in every libexpat`(
    pieces: Int, before: Int
  ) throws {
    let tagBytesMax = 1 << 20
    let head = "<r>" + String(repeating: " ", count: before)
    for (begin, end) in [("<a b='", "'/>"), ("<!--", "-->"), ("<?b ", "?>")] {
      let room = tagBytesMax - begin.utf8.count - end.utf8.count
      let longest = begin + String(repeating: "x", count: room) + end
      #expect(try events(Array("\(head)\(longest)</r>".utf8), pieces: pieces).first == "<r")
      let longer = begin + String(repeating: "x", count: room + 1) + end
      let fault = #expect(throws: XMLFault.self) {
        try events(Array("\(head)\(longer)</r>".utf8), pieces: pieces)
      }
      #expect(fault?.reason == "a tag has more than 1048576 bytes")
    }
  }

  @Test(arguments: ["<a b='", "<a><!--", "<", "<a><?b "])
  func `a tag without an end is refused before it fills the memory`(begin: String) throws {
    let endless = Array((begin + String(repeating: "x", count: 5 << 19)).utf8)
    let fault = #expect(throws: XMLFault.self) { try events(endless) }
    #expect(fault?.reason == "a tag has more than 1048576 bytes")
  }

  @Test func `bytes of any kind end in events or a fault`() {
    var random = SplitMix64(seed: 23)
    let parts = [
      "<", ">", "/", "a", "&", ";", "<!--", "-->", "<![CDATA[", "]]>", "\"", " ", "#", "<!DOCTYPE",
      "<?xml ", "\u{0}", "ü", "='",
    ]
    for round in 0..<2000 {
      let text = (0..<round % 40).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
      _ = try? events("<a>" + text + "</a>")
      var bytes = Array(self.text.utf8)
      bytes[round % bytes.count] ^= UInt8.random(in: 1...255, using: &random)
      _ = try? events(bytes, interests, pieces: 1 + round % 9)
    }
  }
}
