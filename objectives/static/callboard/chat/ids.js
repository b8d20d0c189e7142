// Ids of tool calls: a UUID in the log, `toolcall_` and its ULID in public.

const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

export function publicCallId(id) {
  if (!/^[0-9a-f]{8}-/.test(id)) return id;
  let number = BigInt(`0x${id.replaceAll("-", "")}`);
  let text = "";
  for (let place = 0; place < 26; place += 1) {
    text = DIGITS[Number(number & 31n)] + text;
    number >>= 5n;
  }
  return `toolcall_${text}`;
}
