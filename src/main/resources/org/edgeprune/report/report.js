// Sorts the examples by the column whose head is clicked; a second click turns the order round.
const table = document.getElementById("examples");
if (table) {
  const heads = [...table.querySelectorAll("th")];
  heads.forEach((head, column) => head.addEventListener("click", () => {
    const order = head.dataset.order === "1" ? -1 : 1;
    heads.forEach(h => delete h.dataset.order);
    head.dataset.order = order;
    const body = table.tBodies[0];
    const key = row => {
      const cell = row.cells[column];
      return cell.className === "number" ? Number(cell.textContent) : cell.textContent;
    };
    [...body.rows]
      .sort((a, b) => { const x = key(a), y = key(b); return order * (x < y ? -1 : x > y ? 1 : 0); })
      .forEach(row => body.append(row));
  }));
}
