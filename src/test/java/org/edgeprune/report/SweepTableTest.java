package org.edgeprune.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.edgeprune.report.SweepTable.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class SweepTableTest {
    private static final SweepTable TABLE = new SweepTable(List.of(
            new Row(0.98, "b", metrics(0.9785, 0.25)),
            new Row(0.9, "a,b", metrics(0.9, 0.0625)),
            new Row(1.1, "c", Map.of("kl", 3.0))));

    @TempDir
    private Path dir;

    private static Map<String, Double> metrics(double sparsity, double kl) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("edge_sparsity", sparsity);
        metrics.put("num_edges", 12345.0);
        metrics.put("kl", kl);
        return metrics;
    }

    @Test
    void csvHasARowARunInOrderOfTargets() {
        assertEquals("""
                target_edge_sparsity,edge_sparsity,num_edges,kl,run
                0.9,0.9,12345,0.0625,"a,b"
                0.98,0.9785,12345,0.25,b
                1.1,,,3,c
                """, TABLE.toCsv());
    }

    @Test
    void aSpreadsheetTakesNoNameForAFormula() {
        assertEquals("""
                target_edge_sparsity,"'=HYPERLINK(""http://x"",1)",kl,"'@SUM(A1)","'-2+3",run
                -0.5,1,-1.00000e-05,2,3,"'+a"
                """, new SweepTable(List.of(new Row(-0.5, "+a", ordered()))).toCsv());
    }

    private static Map<String, Double> ordered() {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("=HYPERLINK(\"http://x\",1)", 1.0);
        metrics.put("kl", -1e-5);
        metrics.put("@SUM(A1)", 2.0);
        metrics.put("-2+3", 3.0);
        return metrics;
    }

    @Test
    void markdownHasTheSameCells() {
        assertEquals("""
                | target_edge_sparsity | edge_sparsity | num_edges | kl | run |
                |---|---|---|---|---|
                | 0.9 | 0.9 | 12345 | 0.0625 | a,b |
                | 0.98 | 0.9785 | 12345 | 0.25 | b |
                | 1.1 | - | - | 3 | c |
                """, TABLE.toMarkdown());
    }

    @Test
    void thePlotIsADocumentOfItsOwnWithAPointARun() throws Exception {
        List<Path> files = TABLE.write(dir, "ioi in mini-gpt2");
        assertEquals(
                List.of("sweep.csv", "sweep.md", "sweep.svg", "sweep-accuracy.svg"),
                files.stream().map(f -> f.getFileName().toString()).toList());
        DocumentBuilderFactory parsers = DocumentBuilderFactory.newInstance();
        parsers.setNamespaceAware(true);
        Document svg = parsers.newDocumentBuilder().parse(files.get(2).toFile());
        assertEquals("http://www.w3.org/2000/svg", svg.getDocumentElement().getNamespaceURI());
        assertTrue(text(files.get(2)).contains(">ioi in mini-gpt2<"));
    }

    @Test
    void theAxesAreEdgesKeptAndSharesWithTheFullModelBeside() {
        SweepTable table = new SweepTable(List.of(
                new SweepTable.Row(
                        0.9, "a", Map.of("num_edges", 300.0, "kl", 0.1, "accuracy", 0.9, "full_model_accuracy", 1.0)),
                new SweepTable.Row(
                        0.98, "b", Map.of("num_edges", 60.0, "kl", 0.4, "accuracy", 0.7, "full_model_accuracy", 1.0))));
        String kl = table.toPlot("x").toSvg(700, 400);
        assertTrue(kl.contains(">edges kept<") && kl.contains(">KL to the full model, nats<"), kl);
        String shares = table.toSharesPlot("x").toSvg(700, 400);
        assertTrue(shares.contains(">accuracy<") && shares.contains(">accuracy, full model<"), shares);
        assertTrue(shares.contains(">share of held-out prompts<"), shares);
    }

    private static String text(Path file) throws IOException {
        return Files.readString(file);
    }
}
