using System.Globalization;

namespace OrleansDtm.Grains.Service;

/// <summary>Validates the orders of a concurrent saga: they must contain existing steps and no cycle.</summary>
internal static class SagaOrderRules
{
    private const string Field = "custom_data.orders";

    /// <summary>Returns the predecessors of each step by index; null = no orders.</summary>
    public static Dictionary<int, int[]>? Check(Dictionary<string, int[]?>? orders, int steps)
    {
        if (orders is null || orders.Count == 0)
        {
            return null;
        }

        var result = new Dictionary<int, int[]>(orders.Count);
        foreach (var (key, before) in orders)
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var step) || step >= steps)
            {
                throw new RequestException(
                    Field, $"'{RequestValidator.Printable(key)}' is not the index of a step (0 to {steps - 1})");
            }

            foreach (var predecessor in before ?? [])
            {
                if (predecessor < 0 || predecessor >= steps)
                {
                    throw new RequestException(
                        Field,
                        $"step {step} waits for {predecessor}, which is not the index of a step (0 to {steps - 1})");
                }
            }

            result[step] = [.. (before ?? []).Distinct()];
        }

        RefuseCircles(result, steps);
        return result;
    }

    /// <summary>
    /// Detects cycles: removes steps without predecessors until none is left; the remaining steps form a cycle.
    /// </summary>
    private static void RefuseCircles(Dictionary<int, int[]> orders, int steps)
    {
        var waitsFor = new int[steps];
        var successors = new List<int>[steps];
        for (var step = 0; step < steps; step++)
        {
            successors[step] = [];
        }

        foreach (var (step, before) in orders)
        {
            waitsFor[step] = before.Length;
            foreach (var predecessor in before)
            {
                successors[predecessor].Add(step);
            }
        }

        var free = new Queue<int>(Enumerable.Range(0, steps).Where(step => waitsFor[step] == 0));
        var taken = 0;
        while (free.TryDequeue(out var step))
        {
            taken++;
            foreach (var successor in successors[step])
            {
                if (--waitsFor[successor] == 0)
                {
                    free.Enqueue(successor);
                }
            }
        }

        if (taken < steps)
        {
            var stuck = string.Join(", ", Enumerable.Range(0, steps).Where(step => waitsFor[step] > 0));
            throw new RequestException(Field, $"steps {stuck} form a cycle");
        }
    }
}
