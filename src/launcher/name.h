// The names of profiles in requests, read as the kernel reads them (aa_label_strn_parse and
// aa_splitn_fqname of security/apparmor). lib/border/name.ts does the same in TypeScript.
//
// The kernel takes more than one spelling for "unconfined": a part without a name, a namespace
// without a profile, and every beginning of the word, as long as no such profile is loaded.
#pragma once

// isspace() of the kernel.
static int is_space(char c) {
  return (c >= '\t' && c <= '\r') || c == ' ' || c == '\xa0';
}

static const char *skip_spaces(const char *at, const char *end) {
  while (at < end && is_space(*at)) at++;
  return at;
}

// Whether [at, end) names a profile, and a namespace where it has colons for one.
static int is_part(const char *at, const char *end) {
  at = skip_spaces(at, end);
  if (at < end && *at == ':') {
    const char *space = skip_spaces(++at, end);
    while (at < end && *at != ':') at++;
    if (space >= at || at == end) return 0;
    at++;
    if (end - at > 1 && at[0] == '/' && at[1] == '/') at += 2;
    at = skip_spaces(at, end);
  }
  // The kernel compares no more characters than the name has.
  const char *whole = "unconfined";
  while (at < end && *at == *whole) at++, whole++;
  return at < end || !*whole;
}

// Whether every part of a stack is named. The word "unconfined", in full, is a name.
static int is_name(const char *at) {
  const char *end = at;
  while (*end) end++;
  while (end > at && is_space(end[-1])) end--;
  at = skip_spaces(at, end);
  // One for aa_change_profile, one for aa_label_strn_parse. A third belongs to the name.
  for (int i = 0; i < 2; i++)
    if (at < end && *at == '&') at = skip_spaces(at + 1, end);

  const char *part = at;
  for (; end - at >= 3; at++) {
    // It divides only behind a character of the same part that is no slash.
    if (at == part || at[-1] == '/' || at[0] != '/' || at[1] != '/' || at[2] != '&') continue;
    if (!is_part(part, at)) return 0;
    part = at + 3;
    at = part - 1;
  }
  return is_part(part, end);
}
