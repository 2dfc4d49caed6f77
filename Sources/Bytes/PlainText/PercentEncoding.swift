/// A text as a part of a path or a query: RFC 3986, section 2.3, all else percent-encoded.
package func percentEncoded(_ text: String) -> String { percentEncoded(text.utf8) }

/// Bytes in the same way.
package func percentEncoded(_ bytes: some Sequence<UInt8>) -> String {
  var result = ""
  for byte in bytes {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: "~"):
      result.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      result += "%" + Hex.text([byte]).uppercased()
    }
  }
  return result
}

/// Percent-encoded text; nil where a percent sign has no two digits behind it, or it is not UTF-8 that way.
package func percentDecoded(_ text: Substring, plusIsBlank: Bool) -> String? {
  guard let bytes = decoded(text.utf8, plusIsBlank, isStrict: true) else { return nil }
  return String(validating: bytes, as: UTF8.self)
}

/// Percent-encoded bytes, in which a percent sign without two digits behind it stands for itself.
package func percentDecodedBytes(
  _ text: some Collection<UInt8>, plusIsBlank: Bool
) -> [UInt8] { decoded(text, plusIsBlank, isStrict: false) ?? [] }

private func decoded(
  _ text: some Collection<UInt8>, _ plusIsBlank: Bool, isStrict: Bool
) -> [UInt8]? {
  var bytes: [UInt8] = []
  var rest = Array(text)[...]
  while let byte = rest.popFirst() {
    switch byte {
    case UInt8(ascii: "%"):
      if let value = Hex.bytes(rest.prefix(2)), value.count == 1 {
        bytes.append(value[0])
        rest = rest.dropFirst(2)
      } else if isStrict {
        return nil
      } else {
        bytes.append(byte)
      }
    case UInt8(ascii: "+") where plusIsBlank: bytes.append(UInt8(ascii: " "))
    default: bytes.append(byte)
    }
  }
  return bytes
}
