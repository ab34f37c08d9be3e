"use strict";
// The two long tables: made of the data in this page, a part at a time, with search, filters and sorting. Text only ever becomes text.
(() => {
  const STEP = 100;
  const RANK = { high: 4, medium: 3, low: 2, informational: 1, unknown: 0 };
  const STATES = { unread: 2, partly: 1, read: 0 };
  const span = (hours) => {
    const size = Math.abs(hours);
    return size < 1 ? `${Math.round(size * 60)} min` : size < 48 ? `${Math.round(size)} h` : `${Math.round(size / 24)} d`;
  };
  const time = (text) => text.slice(0, 16).replace("T", " ");
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const tagged = (value) => element("span", { class: `tag ${value in RANK ? value : "unknown"}` }, value);
  const linked = (one) => {
    const text = one.name || one.id;
    return /^https:\/\//i.test(one.url) ? element("a", { href: one.url, rel: "noreferrer" }, text) : text;
  };
  const number = (key) => ({ key, number: true, show: (one) => (one[key] === null ? "not read" : String(one[key])) });
  const TABLES = {
    incidents: {
      columns: [
        { title: "Tenant", key: "host", css: "fit" },
        { title: "Tier", key: "tier" },
        { title: "Severity", key: "severity", rank: (one) => RANK[one.severity], down: true, show: (one) => tagged(one.severity) },
        { title: "Incident", key: "name", show: linked, css: "name" },
        { title: "Status", key: "status", css: "fit", show: (one) => one.status.replaceAll("_", " ") },
        { title: "Assigned to", key: "assigned_to", show: (one) => one.assigned_to || "nobody" },
        { title: "Created, UTC", key: "created", css: "fit", down: true, show: (one) => time(one.created) || "–" },
        { title: "Age", key: "age_hours", number: true, down: true, show: (one) => (one.age_hours === null ? "–" : span(one.age_hours)) },
        {
          title: "SLA", key: "late_hours", number: true, down: true, bad: (one) => one.late_hours > 0,
          show: (one) => (one.late_hours === null ? "–" : one.late_hours > 0 ? `${span(one.late_hours)} late` : `in ${span(one.late_hours)}`),
        },
      ],
      search: ["host", "tier", "id", "name", "assigned_to"],
      filters: [
        { title: "Severity", key: "severity" },
        { title: "Status", key: "status" },
        { title: "Tier", key: "tier" },
        { title: "Only", choices: { unassigned: (one) => !one.assigned_to, "past SLA": (one) => one.late_hours > 0 } },
      ],
      first: "late_hours",
    },
    tenants: {
      columns: [
        { title: "Tenant", key: "host", css: "fit" },
        { title: "Name", key: "name" },
        { title: "Tier", key: "tier" },
        { title: "Read", key: "state", rank: (one) => STATES[one.state], down: true, bad: (one) => one.state === "unread", show: (one) => ({ read: "yes", partly: "in part", unread: "no" })[one.state] },
        { title: "Open", down: true, ...number("open") },
        { title: "High", down: true, ...number("high") },
        { title: "Unassigned", down: true, ...number("unassigned") },
        { title: "Past SLA", down: true, ...number("breached") },
        { title: "Hunt rows", down: true, ...number("hits") },
      ],
      search: ["host", "name", "tier"],
      filters: [{ title: "Tier", key: "tier" }, { title: "Read", key: "state" }],
      first: "state",
    },
  };
  const data = JSON.parse(document.getElementById("data").textContent);
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  const build = (section, told, given) => {
    const rows = given.rows.map((values) => Object.fromEntries(given.columns.map((key, at) => [key, values[at]])));
    for (const one of rows) one.text = told.search.map((key) => one[key]).join(" \u0000 ").toLowerCase();
    // a column that says nothing is left out
    const columns = told.columns.filter((column) => rows.some((one) => one[column.key] !== null && one[column.key] !== ""));
    const body = element("tbody");
    const output = element("output", { "aria-live": "polite" });
    const search = element("input", { type: "search", placeholder: "Search", "aria-label": `Search ${section.dataset.table}` });
    const tools = element("div", { class: "tools", role: "search" }, search);
    const chosen = [];
    for (const filter of told.filters) {
      const values = filter.choices ? Object.keys(filter.choices) : [...new Set(rows.map((one) => one[filter.key]))].sort(collator.compare);
      if (values.length < 2) continue;
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
      return element("td", css ? { class: css } : {}, column.show ? column.show(one) : String(one[column.key]));
    }));
    const more = (count) => {
      body.append(...found.slice(shown, shown + count).map(line));
      shown = Math.min(found.length, shown + count);
      output.textContent = shown < found.length ? `${found.length.toLocaleString("en")} found, ${shown.toLocaleString("en")} shown` : `${found.length.toLocaleString("en")} found`;
      all.hidden = shown >= found.length;
    };
    const refresh = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      found = rows.filter((one) => words.every((word) => one.text.includes(word)) && chosen.every((fits) => fits(one)));
      const value = sort.rank || ((one) => one[sort.key]);
      found.sort((a, b) => {
        const [left, right] = [value(a), value(b)];
        // what is not known comes last, whichever way
        if (left === null || right === null) return (left === null) - (right === null);
        const order = typeof left === "number" ? left - right : collator.compare(left, right);
        return down ? -order : order;
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
  };

  for (const section of document.querySelectorAll("[data-table]")) build(section, TABLES[section.dataset.table], data[section.dataset.table]);
  document.documentElement.dataset.ready = "yes";
})();
