"use strict";
// The two long tables are built from the data in this page, a part at a time, with search, filters and sorting. Text only ever becomes text.
(() => {
  const STEP = 100;
  const RANK = { high: 4, medium: 3, low: 2, informational: 1, unknown: 0 };
  const STATES = { unread: 2, partial: 1, complete: 0 };
  const data = JSON.parse(document.getElementById("data").textContent);
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const clockOf = (timeZone) => new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });
  // a browser may not know each time zone that the controller knows
  let clock, zone = "";
  try {
    clock = clockOf(data.zone);
  } catch {
    clock = clockOf("UTC");
    zone = " UTC";
  }
  const span = (hours) => {
    const size = Math.abs(hours);
    return size < 1 ? `${Math.round(size * 60)} min` : size < 48 ? `${Math.round(size)} h` : `${Math.round(size / 24)} d`;
  };
  const time = (text) => {
    const moment = Date.parse(text);
    return Number.isNaN(moment) ? text || "–" : clock.format(moment) + zone;
  };
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const words = (text) => String(text).replaceAll("_", " ");
  const list = (values) => values.join(", ") || "–";
  const tagged = (value) => element("span", { class: `tag ${value in RANK ? value : "unknown"}` }, value);
  const mark = (text, css = "") => element("b", { class: `mark ${css}` }, text);
  const incident = (one) => {
    const text = one.name || one.id;
    const shown = element("span", {}, /^https:\/\//i.test(one.url) ? element("a", { href: one.url, rel: "noreferrer" }, text) : text);
    if (one.ransomware) shown.append(" ", mark("ransomware", "bad"));
    if (one.new) shown.append(" ", mark("new"));
    const about = [one.id, one.tactics.join(", "), one.tags.join(", ")].filter(Boolean);
    shown.append(element("small", { class: "about" }, about.join(" · ")));
    return shown;
  };
  // an address may be broken before its domain
  const owner = (one) => {
    const at = one.assigned_to.lastIndexOf("@");
    return at > 0 ? element("span", {}, one.assigned_to.slice(0, at), element("wbr"), one.assigned_to.slice(at)) : one.assigned_to || "nobody";
  };
  const hunts = (one) => {
    if (!one.hunts.length) return "–";
    const links = one.hunts.map((name) => element("li", {}, name in data.hunts ? element("a", { href: `#hunt-${data.anchors[name]}` }, data.hunts[name]) : name));
    return element("details", {}, element("summary", {}, String(links.length)), element("ul", {}, ...links));
  };
  const number = (key) => ({ key, number: true, down: true, show: (one) => (one[key] === null ? "–" : one[key].toLocaleString("en")) });
  const TABLES = {
    incidents: {
      columns: [
        { title: "Severity", key: "severity", rank: (one) => RANK[one.severity], down: true, show: (one) => tagged(one.severity) },
        { title: "Incident", key: "name", show: incident, css: "name" },
        { title: "Tenant", key: "tenant_name", css: "fit", tip: (one) => one.host },
        { title: "Tier", key: "tier", several: true },
        { title: "Status", key: "status", css: "fit", show: (one) => words(one.status) },
        { title: "Assigned to", key: "assigned_to", css: "who", always: true, bad: (one) => one.severity === "high" && !one.assigned_to, show: owner },
        { title: "Alerts", ...number("alerts") },
        { title: "Devices", tip: (one) => one.device_names.join(", "), ...number("devices") },
        { title: "Users", tip: (one) => one.user_names.join(", "), ...number("users") },
        { title: "Hunts", key: "hunts", rank: (one) => one.hunts.length, down: true, show: hunts },
        { title: "Created", key: "created", css: "day", down: true, show: (one) => time(one.created) },
        { title: "Last update", key: "updated", css: "day", down: true, show: (one) => time(one.updated) },
        { title: "Products", key: "service_sources", show: (one) => list(one.service_sources) },
        { title: "Classification", key: "classification", several: true, show: (one) => words(one.classification) },
        {
          title: "SLA", key: "late_hours", number: true, down: true, bad: (one) => one.late_hours > 0,
          show: (one) => (one.late_hours === null ? "–" : one.late_hours > 0 ? `${span(one.late_hours)} late` : `in ${span(one.late_hours)}`),
        },
      ],
      search: ["host", "tenant_name", "tier", "id", "name", "assigned_to", "service_sources", "tactics", "tags", "device_names", "user_names"],
      filters: [
        { title: "Severity", key: "severity" },
        { title: "Status", key: "status" },
        { title: "Tier", key: "tier" },
        { title: "Only", choices: { unassigned: (one) => !one.assigned_to, new: (one) => one.new, ransomware: (one) => one.ransomware, "with hunt hits": (one) => one.hunts.length > 0, "past the SLA": (one) => one.late_hours > 0 } },
      ],
      first: "severity",
    },
    tenants: {
      columns: [
        { title: "Tenant", key: "name", css: "fit", tip: (one) => one.host },
        { title: "Tier", key: "tier", several: true },
        { title: "State", key: "state", rank: (one) => STATES[one.state], down: true, bad: (one) => one.state === "unread" },
        { title: "Reason", key: "reason", show: (one) => one.reason || "–" },
        { title: "Open", ...number("open") },
        { title: "High", ...number("high") },
        { title: "Unassigned", ...number("unassigned") },
        { title: "Past the SLA", ...number("breached") },
        { title: "Hunt hits", ...number("hits") },
      ],
      search: ["host", "name", "tier", "reason"],
      filters: [{ title: "Tier", key: "tier" }, { title: "State", key: "state" }],
      first: "state",
    },
  };

  const build = (section, told, given) => {
    const rows = given.rows.map((values) => Object.fromEntries(given.columns.map((key, at) => [key, values[at]])));
    if (!rows.length) {
      section.append(element("p", { class: "none" }, "Nothing to list."));
      return () => {};
    }
    for (const one of rows) one.text = told.search.map((key) => one[key]).join(" \u0000 ").toLowerCase();
    // a column without values, or with one value where only differences matter, is left out
    const empty = (value) => value === undefined || value === null || value === "" || value.length === 0;
    const columns = told.columns.filter((column) => {
      const values = new Set(rows.map((one) => one[column.key]));
      if (column.always) return true;
      return column.several ? values.size > 1 : [...values].some((value) => !empty(value));
    });
    const body = element("tbody");
    const output = element("output", { "aria-live": "polite" });
    const search = element("input", { type: "search", placeholder: "Search", "aria-label": `Search ${section.dataset.table}` });
    const tools = element("div", { class: "tools", role: "search" }, search);
    const chosen = [];
    for (const filter of told.filters) {
      const values = filter.choices ? Object.keys(filter.choices).filter((choice) => rows.some(filter.choices[choice])) : [...new Set(rows.map((one) => one[filter.key]))].sort(collator.compare);
      if (values.length < (filter.choices ? 1 : 2)) continue;
      const select = element("select", {}, element("option", { value: "" }, "all"), ...values.map((value) => element("option", { value }, String(value).replaceAll("_", " "))));
      chosen.push((one) => !select.value || (filter.choices ? filter.choices[select.value](one) : one[filter.key] === select.value));
      select.addEventListener("change", () => refresh());
      tools.append(element("label", {}, `${filter.title} `, select));
    }
    const all = element("button", { type: "button" }, "Show all rows");
    tools.append(output, all);
    let sort = columns.find((column) => column.key === told.first) || columns[0];
    let down = Boolean(sort.down);
    let found = [];
    let shown = 0;
    const heads = columns.map((column) => {
      const button = element("button", { type: "button" }, column.title);
      const head = element("th", { scope: "col", ...(column.number ? { class: "n" } : {}) }, button);
      button.addEventListener("click", () => {
        down = sort === column ? !down : Boolean(column.down);
        sort = column;
        refresh();
      });
      return head;
    });
    const line = (one) => element("tr", {}, ...columns.map((column) => {
      const css = [column.number && "n", column.css, column.bad && column.bad(one) && "bad"].filter(Boolean).join(" ");
      const tip = column.tip && column.tip(one);
      return element("td", { ...(css ? { class: css } : {}), ...(tip ? { title: tip } : {}) }, column.show ? column.show(one) : String(one[column.key]));
    }));
    const more = (count) => {
      body.append(...found.slice(shown, shown + count).map(line));
      shown = Math.min(found.length, shown + count);
      output.textContent = shown < found.length ? `${found.length.toLocaleString("en")} found, ${shown.toLocaleString("en")} shown` : `${found.length.toLocaleString("en")} found`;
      all.hidden = shown >= found.length;
    };
    const refresh = () => {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      found = rows.filter((one) => wanted.every((word) => one.text.includes(word)) && chosen.every((fits) => fits(one)));
      const value = sort.rank || ((one) => one[sort.key]);
      found.sort((a, b) => {
        const [left, right] = [value(a), value(b)];
        // what is not known comes last, whichever way
        if (left === null || right === null) return (left === null) - (right === null);
        const order = typeof left === "number" ? left - right : collator.compare(String(left), String(right));
        // of equals the oldest first
        return (down ? -order : order) || collator.compare(a.created || "", b.created || "");
      });
      heads.forEach((head, at) => {
        if (columns[at] === sort) head.setAttribute("aria-sort", down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      body.replaceChildren();
      shown = 0;
      more(STEP);
    };
    let waiting = 0;
    search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(refresh, 80);
    });
    all.addEventListener("click", () => more(found.length));
    const caption = element("caption", { class: "unseen" }, section.querySelector("h2").textContent);
    const frame = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption.textContent }, element("table", {}, caption, element("thead", {}, element("tr", {}, ...heads)), body));
    frame.addEventListener("scroll", () => {
      if (frame.scrollTop + frame.clientHeight > frame.scrollHeight - 600 && shown < found.length) more(STEP);
    }, { passive: true });
    section.append(tools, frame);
    refresh();
    return (text) => {
      search.value = text;
      refresh();
    };
  };

  const find = {};
  for (const section of document.querySelectorAll("[data-table]")) find[section.id] = build(section, TABLES[section.dataset.table], data[section.dataset.table]);
  // a row of a hunt leads to the incident in its table
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-find]");
    if (link) find["all-incidents"]?.(link.dataset.find);
  });
  // a link to a hunt opens it
  const open = () => {
    const target = location.hash.startsWith("#hunt-") && document.getElementById(location.hash.slice(1));
    if (target) target.open = true;
  };
  addEventListener("hashchange", open);
  open();
  document.documentElement.dataset.ready = "yes";
})();
